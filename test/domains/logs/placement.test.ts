import { expect } from 'chai';
import { candidates } from '../../../core/domains/logs/placement.ts';
import type { LogShardRecord, ShardLoad } from '../../../core/kernel/stores/logs.ts';

const shard = (name: string, more: Partial<LogShardRecord> = {}): LogShardRecord => ({
  name,
  store: 'postgres',
  url: 'postgres://localhost/logs',
  weight: 1,
  state: 'active',
  createdAt: new Date(0),
  ...more,
});
const load = (loads: Record<string, ShardLoad>): Map<string, ShardLoad> => new Map(Object.entries(loads));

describe('the placement of a new family', () => {
  it('takes the shard with the fewest families by weight', () => {
    const shards = [shard('a'), shard('b', { weight: 4 }), shard('c')];
    const order = candidates(
      shards,
      load({ a: { families: 2, bytes: 0 }, b: { families: 4, bytes: 9 }, c: { families: 3, bytes: 0 } }),
      undefined,
    );
    expect(order).to.deep.equal(['b', 'a', 'c']);
  });

  it('takes the one with the fewest bytes among equals, and then goes by name', () => {
    const shards = [shard('c'), shard('a'), shard('b')];
    const order = candidates(
      shards,
      load({ a: { families: 1, bytes: 5 }, b: { families: 1, bytes: 4 }, c: { families: 1, bytes: 5 } }),
      undefined,
    );
    expect(order).to.deep.equal(['b', 'a', 'c']);
  });

  it('leaves out shards that are draining, down, or of no weight', () => {
    const shards = [
      shard('a', { state: 'draining' }),
      shard('b', { state: 'down' }),
      shard('c', { weight: 0 }),
      shard('d'),
    ];
    expect(candidates(shards, load({}), undefined)).to.deep.equal(['d']);
  });

  it('keeps to the shard that a tenant is pinned to, whatever its weight', () => {
    expect(candidates([shard('a', { weight: 0 }), shard('b')], load({}), 'a')).to.deep.equal(['a']);
  });

  it('says that there is no server, and what to do', () => {
    expect(() => candidates([], load({}), undefined)).to.throw(/SLUICE_LOG_SHARDS or POST \/v1\/shards/);
    expect(() => candidates([shard('a', { state: 'down' })], load({}), undefined)).to.throw(
      /None of the 1 servers/,
    );
  });
});
