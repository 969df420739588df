import { SluiceError } from '../../kernel/errors.ts';
import type { UnitOfWork } from '../../kernel/stores/stores.ts';

/** Ids from `first` to below `end`. */
export interface IdRange {
  readonly first: number;
  readonly end: number;
}

/** Ids that were taken and not used, and until when they may be (by `performance.now`). */
interface Held extends IdRange {
  readonly until: number;
}

const LARGEST_BLOCK = 10_000;
/** Families with ids in hand; the rest of one that falls out is lost. */
const MOST_FAMILIES = 10_000;
/** How long ids may be used, in ms. Whoever tails a family relies on it: see `LogFamilyStore.tail`. */
const LIFE = 30_000;

interface Block {
  readonly tenantId: string;
  readonly family: string;
  ranges: readonly Held[];
  /** How many were taken last time: a family under load takes more at once. */
  size: number;
  /** Where the ids end that were handed out last, and until when those may be used. */
  last: { readonly end: number; readonly until: number } | undefined;
  taking: Promise<void> | undefined;
}

/**
 * Ids of events, taken from the control plane in blocks, so that most events cost no query. Within a process they rise. What a
 * block has left when its time is over, or the process ends, is given back, unless another process took ids since.
 */
export class Ids {
  readonly #work: UnitOfWork;
  readonly #now: () => number;
  readonly #blocks = new Map<string, Block>();

  constructor(work: UnitOfWork, now = () => performance.now()) {
    this.#work = work;
    this.#now = now;
  }

  /** @throws SluiceError CONFLICT where the family has used up its ids */
  async take(tenantId: string, family: string, count: number): Promise<readonly IdRange[]> {
    const block = this.#block(tenantId, family);
    for (;;) {
      const ranges = cut(block, count, this.#now());
      if (ranges) return ranges;
      block.taking ??= this.#refill(block, count).finally(() => {
        block.taking = undefined;
      });
      await block.taking;
    }
  }

  /** Takes back what was certainly not used; where higher ids were handed out since, it is lost, so that ids rise. */
  giveBack(tenantId: string, family: string, ranges: readonly IdRange[]): void {
    const block = this.#block(tenantId, family);
    const { last } = block;
    const [first] = ranges;
    if (!first || ranges.at(-1)!.end !== last?.end) return;
    block.ranges = [...ranges.map((range) => ({ ...range, until: last.until })), ...block.ranges];
    block.last = { end: first.first, until: last.until };
  }

  /** Gives unused ids back to the control plane. */
  async close(): Promise<void> {
    const blocks = [...this.#blocks.values()];
    this.#blocks.clear();
    for (const { tenantId, family, ranges } of blocks) {
      const last = ranges.at(-1);
      if (!last) continue;
      await this.#work.within([tenantId], (stores) =>
        stores.logFamilies.returnIds(tenantId, family, last.first, last.end),
      );
    }
  }

  #block(tenantId: string, family: string): Block {
    const name = `${tenantId} ${family}`;
    let block = this.#blocks.get(name);
    if (!block) {
      if (this.#blocks.size >= MOST_FAMILIES) this.#blocks.delete(this.#blocks.keys().next().value!);
      block = { tenantId, family, ranges: [], size: 0, last: undefined, taking: undefined };
      this.#blocks.set(name, block);
    }
    return block;
  }

  async #refill(block: Block, count: number): Promise<void> {
    const { tenantId, family } = block;
    const now = this.#now();
    const stale = block.ranges.filter(({ until }) => until <= now);
    block.ranges = block.ranges.filter(({ until }) => until > now);
    const left = block.ranges.reduce((sum, { first, end }) => sum + end - first, 0);
    const wanted = stale.length > 0 ? Math.floor(block.size / 2) : block.size * 2;
    block.size = Math.min(LARGEST_BLOCK, Math.max(1, wanted));
    const size = Math.max(count - left, block.size);
    const first = await this.#work.within([tenantId], async ({ logFamilies }) => {
      const unused = stale.at(-1);
      if (unused) await logFamilies.returnIds(tenantId, family, unused.first, unused.end);
      return logFamilies.takeIds(tenantId, family, size);
    });
    if (first === undefined) {
      throw new SluiceError(
        'CONFLICT',
        `The family "${family}" has used up its ids, which stay below 2^53. Take a new family.`,
      );
    }
    block.ranges = [...block.ranges, { first, end: first + size, until: now + LIFE }];
  }
}

/** The lowest `count` ids of a block that may still be used, or undefined where it has fewer. */
function cut(block: Block, count: number, now: number): readonly IdRange[] | undefined {
  let missing = count;
  let until = Infinity;
  const taken: IdRange[] = [];
  const left: Held[] = [];
  for (const range of block.ranges) {
    const part = range.until > now ? Math.min(missing, range.end - range.first) : 0;
    if (part > 0) {
      taken.push({ first: range.first, end: range.first + part });
      until = Math.min(until, range.until);
    }
    if (part < range.end - range.first) left.push({ ...range, first: range.first + part });
    missing -= part;
  }
  if (missing > 0) return undefined;
  block.ranges = left;
  const end = taken.at(-1)?.end;
  if (end !== undefined) block.last = { end, until };
  return taken;
}
