import { SluiceError, StepFault } from '../../../kernel/errors.ts';
import type { Json, JsonObject } from '../../../kernel/json.ts';
import type { LogColumn, QueryLimits } from '../../../kernel/logs.ts';
import type { ClaimedRun } from '../../../kernel/runs.ts';
import type { UnitOfWork } from '../../../kernel/stores/stores.ts';
import { TIME } from '../filter/filter.ts';
import { FamilyHome } from '../reading/family-home.ts';
import { scan } from '../reading/scan.ts';
import type { Shards } from '../shards.ts';
import { decoderOf } from '../sql/decode.ts';
import { joined, type IdSpan } from './ranges.ts';

/** Rows a statement, and ids between two that are wanted that are read along rather than asked for apart. */
const ROWS = 1000;
const GAP = 500;

export interface EventsDeps {
  readonly shards: Pick<Shards, 'open' | 'tenant'>;
  readonly work: UnitOfWork;
  readonly limits: QueryLimits;
}

/**
 * The events of a batch, by id: `{id, timestamp, family, fields}`. An event's id is `<family>-<number>`, the same at each
 * delivery and the tenant's only one. What was purged meanwhile is missing.
 * @throws StepFault transient where the shard is away
 */
export function eventsOf({ shards, work, limits }: EventsDeps): (run: ClaimedRun) => Promise<readonly JsonObject[]> {
  return async ({ tenantId, input }) => {
    const name = input['family'];
    if (typeof name !== 'string') return [];
    const family = await work.within([tenantId], (stores) => stores.logFamilies.find(tenantId, name));
    if (!family) return [];
    const wanted = joined(spansOf(name, input));
    try {
      const home = await FamilyHome.find(shards, family, limits);
      return await read(home, wanted).catch((error: unknown) => {
        throw home.explained(error);
      });
    } catch (error) {
      const passes = error instanceof SluiceError && ['UNAVAILABLE', 'QUERY_TIMEOUT'].includes(error.code);
      throw passes ? new StepFault('transient', error.message, { cause: error }) : error;
    }
  };
}

async function read(home: FamilyHome, wanted: readonly IdSpan[]): Promise<readonly JsonObject[]> {
  const event = eventOf(home.shape);
  const events: JsonObject[] = [];
  const { signal } = new AbortController();
  let place = 0;
  for (const [first, last] of joined(wanted, GAP)) {
    const scanned = scan(
      home,
      {
        filter: { node: 'all' },
        range: { from: undefined, to: undefined },
        order: 'id',
        after: { time: '', id: first - 1 },
        highestId: last,
        // One more than there may be tells at once that there are no others.
        size: Math.min(ROWS, last - first + 2),
      },
      signal,
    );
    for await (const { rows } of scanned) {
      for (const row of rows) {
        const id = Number(row[0]);
        while (place < wanted.length && wanted[place]![1] < id) place++;
        if (place < wanted.length && wanted[place]![0] <= id) events.push(event(id, row));
      }
    }
  }
  return events;
}

function eventOf({ name: family, columns }: { readonly name: string; readonly columns: readonly LogColumn[] }) {
  const time = decoderOf(TIME.type);
  const decoders = columns.map(({ name, type }) => [name, decoderOf(type)] as const);
  return (id: number, row: readonly Json[]): JsonObject => {
    const fields: [string, Json][] = [];
    for (const [i, [name, decode]] of decoders.entries()) {
      const value = row[i + 2] ?? null;
      if (value !== null) fields.push([name, decode(value)]);
    }
    return { id: `${family}-${id}`, timestamp: time(row[1]!), family, fields: Object.fromEntries(fields) };
  };
}

/** A batch names ranges of ids; the rest of one, which another run left behind, its events. */
function spansOf(family: string, { ranges, ids }: JsonObject): IdSpan[] {
  const ofEvents = listOf(ids).map((id) => [numberOf(family, id), numberOf(family, id)] as const);
  const ofRanges = listOf(ranges).map((range) => listOf(range).map(Number) as readonly number[] as IdSpan);
  return [...ofRanges, ...ofEvents].filter(([first, last]) => Number.isSafeInteger(first) && Number.isSafeInteger(last));
}

function numberOf(family: string, id: Json): number {
  return typeof id === 'string' && id.startsWith(`${family}-`) ? Number(id.slice(family.length + 1)) : NaN;
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}
