import type { Clock } from '../../kernel/clock.ts';
import { SluiceError } from '../../kernel/errors.ts';
import type { LogRows, LogShard, QueryLimits, ShardTenant } from '../../kernel/logs.ts';
import { Admission } from './admission.ts';
import type { Catalogs } from './catalogs.ts';
import { faultOf, shardAway } from './faults.ts';
import type { Meter } from './meter.ts';
import type { Shards } from './shards.ts';
import type { Catalog } from './sql/catalog.ts';
import { decodeRow } from './sql/decode.ts';
import type { CompiledQuery, SqlParser } from './sql/sql-parser.ts';

export const QUERY_LIMITS: QueryLimits = { timeoutMs: 15_000, maxRows: 50_000, maxBytes: 16 * 1024 * 1024 };

/** Queries under way at a time; their answers are held in memory. */
const UNDER_WAY = { tenantRequests: 16, requests: 64, tenantBytes: Infinity, bytes: Infinity };

export interface QueriesDeps {
  readonly parser: SqlParser;
  readonly catalogs: Catalogs;
  readonly shards: Shards;
  readonly meter: Meter;
  readonly clock: Clock;
  readonly limits: QueryLimits;
}

/** Answers SQL: compiled, and run as the tenant's read-only user. */
export class Queries {
  readonly #deps: QueriesDeps;
  readonly #admission = new Admission(UNDER_WAY);

  constructor(deps: QueriesDeps) {
    this.#deps = deps;
  }

  /**
   * @param signal aborts when nobody waits for the answer any more
   * @returns the rows as JSON text: a list of objects, their keys in order. Of two columns of one name the last counts.
   * @throws SluiceError as `SqlParser.compile` does; QUERY_TIMEOUT, RESULT_TOO_LARGE, RATE_LIMITED, UNAVAILABLE
   */
  async run(tenantId: string, text: string, signal: AbortSignal): Promise<string> {
    const place = this.#admission.admit(tenantId);
    try {
      await this.#deps.meter.allow(tenantId, { queries: 1 });
      const compiled = await this.#compile(tenantId, text);
      const { name, shard, tenant } = await this.#home(tenantId, compiled);
      const rows = await this.#ask(name, shard, tenant, compiled, signal);
      this.#deps.meter.record(tenantId, { queries: 1 });
      return jsonOf(compiled, rows);
    } finally {
      place.release();
    }
  }

  async #compile(tenantId: string, text: string): Promise<CompiledQuery> {
    const { parser, catalogs, clock } = this.#deps;
    const compile = (catalog: Catalog): Promise<CompiledQuery> =>
      parser.compile(text, catalog, new Date(clock.now()));
    const kept = catalogs.kept(tenantId);
    if (!kept) return compile(await catalogs.read(tenantId));
    try {
      return await compile(await kept);
    } catch (error) {
      // What is not known here may have come since, in another process.
      if (!(error instanceof SluiceError) || !['NOT_FOUND', 'UNKNOWN_COLUMN'].includes(error.code))
        throw error;
      return compile(await catalogs.read(tenantId));
    }
  }

  async #home(
    tenantId: string,
    compiled: CompiledQuery,
  ): Promise<{ readonly name: string; readonly shard: LogShard; readonly tenant: ShardTenant }> {
    const { shards } = this.#deps;
    const name = compiled.shard ?? (await this.#anyShard());
    const shard = await shards.open(name);
    const tenant = await shards.tenant(tenantId, name);
    // A query of no family may come before the tenant's first.
    if (compiled.shard === undefined) await shard.openTenant(tenant);
    return { name, shard, tenant };
  }

  async #anyShard(): Promise<string> {
    const all = await this.#deps.shards.all();
    const found = all.find(({ state }) => state !== 'down');
    if (found) return found.name;
    throw new SluiceError('UNAVAILABLE', 'There is no server for logs at the moment.', { retryAfter: 5 });
  }

  async #ask(
    name: string,
    shard: LogShard,
    tenant: ShardTenant,
    compiled: CompiledQuery,
    signal: AbortSignal,
  ): Promise<LogRows> {
    const { limits } = this.#deps;
    const statement = compiled.statementFor(shard.dialect, shard.homeOf(tenant));
    try {
      return await shard.query(tenant, statement, limits, signal);
    } catch (error) {
      throw readError(name, limits, error);
    }
  }
}

/** What to do about a query that takes too long, or has too large a result. */
export interface Advice {
  readonly slow: string;
  readonly large: string;
}

const SQL_ADVICE: Advice = {
  slow: 'Make it narrower: fewer families, an earlier WHERE.',
  large: 'Add a LIMIT, or take fewer columns.',
};

/** What a caller hears of a shard's trouble while it reads. */
export function readError(
  shard: string,
  limits: QueryLimits,
  error: unknown,
  advice: Advice = SQL_ADVICE,
): unknown {
  switch (faultOf(error)) {
    case 'unavailable':
    case 'cancelled':
      return shardAway(shard, error);
    case 'timeout':
      return new SluiceError(
        'QUERY_TIMEOUT',
        `The query took longer than ${limits.timeoutMs / 1000} seconds and was stopped. ${advice.slow}`,
        { cause: error },
      );
    case 'too_large':
      return new SluiceError(
        'RESULT_TOO_LARGE',
        `The result has more than ${limits.maxRows} rows, or more than ${limits.maxBytes} bytes. ${advice.large}`,
        { cause: error },
      );
    case 'locked':
      return new SluiceError('UNAVAILABLE', `The shard "${shard}" is busy. Try again in a moment.`, {
        cause: error,
        retryAfter: 1,
      });
    case 'uncomputable':
      return new SluiceError(
        'SQL_REFUSED',
        'The query cannot be computed over the rows that it meets: a number leaves the range of its type, or a query in an expression gives more than one row. Narrow it with WHERE or LIMIT 1, or multiply less.',
        { cause: error },
      );
    // What we emitted ourselves is neither denied nor refused, but by a defect.
    case 'denied':
    case 'refused':
    case undefined:
      return error;
  }
}

function jsonOf(compiled: CompiledQuery, { rows }: LogRows): string {
  const last = new Map(compiled.columns.map(({ name }, index) => [name, index]));
  const keys = [...last]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, index]) => ({ text: `${JSON.stringify(name)}:`, index }));
  const objects = rows.map((row) => {
    const values = decodeRow(compiled, row);
    return `{${keys.map(({ text, index }) => text + JSON.stringify(values[index])).join(',')}}`;
  });
  return `[${objects.join(',')}]`;
}
