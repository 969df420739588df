import type { LogRows, LogShard, QueryLimits, ShardTenant } from '../../../kernel/logs.ts';
import type { LogFamily } from '../../../kernel/stores/logs.ts';
import { appliedColumns } from '../family-cache.ts';
import { homeOf } from '../growth.ts';
import { readError, type Advice } from '../queries.ts';
import type { Shards } from '../shards.ts';
import type { FamilyShape } from '../sql/catalog.ts';
import { asSluiceError } from '../sql/fault.ts';
import type { PlannedQuery } from '../sql/plan.ts';
import { queryStatement } from '../sql/statement.ts';

const ADVICE: Advice = {
  slow: 'Make it narrower: a shorter time with from and to, fewer words in q.',
  large: 'Make it narrower with q, from and to, or ask for less at a time.',
};

type PlacedFamily = Pick<LogFamily, 'tenantId' | 'name' | 'columns' | 'applied' | 'homes'>;

/** A family where it is, to be asked. */
export class FamilyHome {
  readonly shape: FamilyShape;
  readonly limits: QueryLimits;
  readonly #shard: LogShard;
  readonly #tenant: ShardTenant;

  private constructor(shape: FamilyShape, shard: LogShard, tenant: ShardTenant, limits: QueryLimits) {
    this.shape = shape;
    this.#shard = shard;
    this.#tenant = tenant;
    this.limits = limits;
  }

  /** @throws SluiceError UNAVAILABLE */
  static async find(
    shards: Pick<Shards, 'open' | 'tenant'>,
    family: PlacedFamily,
    limits: QueryLimits,
  ): Promise<FamilyHome> {
    const { shard } = homeOf(family);
    const columns = appliedColumns(family)
      .map(({ name, type }) => ({ name, type }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const shape = { name: family.name, columns, shard };
    return new FamilyHome(
      shape,
      await shards.open(shard),
      await shards.tenant(family.tenantId, shard),
      limits,
    );
  }

  /** @throws LogStoreError; SluiceError query_too_complex */
  async ask(query: PlannedQuery, signal: AbortSignal, limits: QueryLimits = this.limits): Promise<LogRows> {
    const shard = this.#shard;
    return shard.query(this.#tenant, this.#statement(query), limits, signal);
  }

  /** What a caller hears where asking failed. */
  explained(error: unknown): unknown {
    return readError(this.shape.shard, this.limits, error, ADVICE);
  }

  #statement(query: PlannedQuery): ReturnType<typeof queryStatement> {
    try {
      return queryStatement(query, this.#shard.dialect, this.#shard.homeOf(this.#tenant));
    } catch (error) {
      throw asSluiceError(error, '');
    }
  }
}
