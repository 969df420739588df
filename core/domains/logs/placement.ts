import { SluiceError } from '../../kernel/errors.ts';
import type { LogShardRecord, ShardLoad } from '../../kernel/stores/logs.ts';

/**
 * Shards that may take a new family, the best first: fewest families by weight, then fewest bytes by weight, then by name. A
 * tenant that is pinned to a shard has no other.
 * @throws SluiceError UNAVAILABLE where there is none
 */
export function candidates(
  shards: readonly LogShardRecord[],
  load: ReadonlyMap<string, ShardLoad>,
  pin: string | undefined,
): readonly string[] {
  if (pin !== undefined) return [pin];
  const open = shards.filter(({ state, weight }) => state === 'active' && weight > 0);
  if (open.length === 0) throw noShard(shards.length);
  const per = (shard: LogShardRecord, what: keyof ShardLoad): number =>
    (load.get(shard.name)?.[what] ?? 0) / shard.weight;
  return open
    .toSorted(
      (a, b) =>
        per(a, 'families') - per(b, 'families') ||
        per(a, 'bytes') - per(b, 'bytes') ||
        (a.name < b.name ? -1 : 1),
    )
    .map(({ name }) => name);
}

function noShard(count: number): SluiceError {
  const detail =
    count === 0
      ? 'There is no server for logs yet. The operator adds one with SLUICE_LOG_SHARDS or POST /v1/shards.'
      : `None of the ${count} servers for logs takes new families at the moment.`;
  return new SluiceError('UNAVAILABLE', detail, { retryAfter: 5 });
}
