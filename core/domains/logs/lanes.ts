import type { Clock } from '../../kernel/clock.ts';
import { Coalescer } from '../../kernel/coalescer.ts';
import type { AppendBatch, AppendOutcome } from '../../kernel/logs.ts';
import type { OnAppended } from './appended.ts';
import { batchesOf, grouped, type Portion } from './batch.ts';
import { faultOf, writeError } from './faults.ts';
import type { IdRange, Ids } from './ids.ts';
import type { Shards } from './shards.ts';

/** What a request wants written, and under which key. */
export interface Writing extends Portion {
  readonly epoch: number;
  /** Its batches are noted with their rows. */
  readonly forwarded: boolean;
  readonly key: { readonly key: string; readonly bodyHash: string } | undefined;
}

/** Written; or not, for the key was used before (by a body of this hash), or the family is not there any more. */
export type Written =
  | { readonly state: 'written' | 'fenced' }
  | { readonly state: 'repeated'; readonly bodyHash: string };

/** Requests of up to this many events share transactions; larger ones have their own. */
const SMALL = 100;
const MOST_REQUESTS = 256;
/** One commits while the other is being written, where there is so much to write that it pays. */
const PARALLEL = 2;
const ENOUGH = 32;

interface Lane {
  readonly queue: Coalescer<Writing, Written>;
  waiting: number;
}

export interface LanesDeps {
  readonly shards: Shards;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly onAppended: OnAppended;
}

/** Group commit: what small requests of a tenant bring to a shard in one turn of the event loop is one transaction. */
export class Lanes {
  readonly #deps: LanesDeps;
  /** By tenant and shard, for as long as somebody waits in it. */
  readonly #lanes = new Map<string, Lane>();

  constructor(deps: LanesDeps) {
    this.#deps = deps;
  }

  /** @throws SluiceError UNAVAILABLE, BODY_TOO_LARGE */
  async write(tenantId: string, shard: string, writing: Writing): Promise<Written> {
    if (writing.rows.length > SMALL) {
      const [written] = await this.#flush(tenantId, shard, [writing]);
      return written!;
    }
    const name = `${tenantId} ${shard}`;
    let lane = this.#lanes.get(name);
    if (!lane) {
      const queue = new Coalescer<Writing, Written>((items) => this.#flush(tenantId, shard, items), {
        max: MOST_REQUESTS,
        parallel: PARALLEL,
        enough: ENOUGH,
        isItemsFault: (error) => faultOf(error) === 'refused',
      });
      lane = { queue, waiting: 0 };
      this.#lanes.set(name, lane);
    }
    lane.waiting++;
    try {
      return await lane.queue.add(writing);
    } finally {
      if (--lane.waiting === 0 && this.#lanes.get(name) === lane) this.#lanes.delete(name);
    }
  }

  async #flush(tenantId: string, shard: string, items: readonly Writing[]): Promise<readonly Written[]> {
    const results = new Map<Writing, Written>();
    // Whoever cannot be written stands aside, and the others go again.
    for (let left = items; left.length > 0; left = left.filter((item) => !results.has(item))) {
      const outcome = await this.#append(tenantId, shard, left);
      for (const item of left) {
        const result = resultOf(item, outcome);
        if (result) results.set(item, result);
      }
    }
    return items.map((item) => results.get(item)!);
  }

  async #append(tenantId: string, shard: string, items: readonly Writing[]): Promise<AppendOutcome> {
    const { shards, ids, clock, onAppended } = this.#deps;
    const taken: { family: string; ranges: readonly IdRange[] }[] = [];
    const batches: AppendBatch[] = [];
    for (const group of grouped(items)) {
      const ranges = await ids.take(tenantId, group.family, group.rows.length);
      taken.push({ family: group.family, ranges });
      batches.push(...batchesOf(group, ranges, clock.now()));
    }
    const guard = {
      epochs: Object.fromEntries(items.map(({ family, epoch }) => [family, epoch])),
      keys: items.flatMap(({ key }) => key ?? []),
      noted: items.filter(({ forwarded }) => forwarded).map(({ family }) => family),
    };
    try {
      const open = await shards.open(shard);
      const outcome = await open.append(await shards.tenant(tenantId, shard), batches, guard);
      // Where the outcome is not known the ids stay taken.
      if (outcome.outcome === 'appended') onAppended(tenantId, batches);
      else for (const { family, ranges } of taken) ids.giveBack(tenantId, family, ranges);
      return outcome;
    } catch (error) {
      throw writeError(shard, error);
    }
  }
}

/** What an outcome says of one item; nothing where it has to go again. */
function resultOf({ family, key }: Writing, outcome: AppendOutcome): Written | undefined {
  switch (outcome.outcome) {
    case 'appended':
      return { state: 'written' };
    case 'fenced':
      return outcome.family === family ? { state: 'fenced' } : undefined;
    case 'repeated':
      return outcome.key === key?.key ? { state: 'repeated', bodyHash: outcome.bodyHash } : undefined;
  }
}
