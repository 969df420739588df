import pg from 'pg';
import { Sequelize, type Transaction, type TransactionOptions } from 'sequelize';
import { isUuid } from '../core/kernel/ids.ts';
import { connectionTo, getTypeParser, type Role } from './connection.ts';
import { defineModels, type Models } from './models/index.ts';

export { migrate } from './migrate.ts';

/** What the database layer says to the log. Any pino logger will do. */
export interface DatabaseLogger {
  warn(fields: { err: unknown }, message: string): void;
}

/** The control plane's database, migrated. Connections are made when they are first needed. */
export interface Database {
  readonly url: string;
  /** Sees every tenant: the engine and Agenda. */
  readonly engine: pg.Pool;
  /** Sees nothing outside `inTenants`. */
  readonly app: pg.Pool;
  /** Under the models; sees nothing outside `modelsInTenants`. */
  readonly sequelize: Sequelize;
  readonly models: Models;
  /**
   * Runs `work` in one transaction that sees these tenants only, and commits. Throws what `work` throws, after a
   * rollback. The client must not be used after `work` has settled.
   */
  inTenants<T>(tenantIds: readonly string[], work: (client: pg.PoolClient) => Promise<T>): Promise<T>;
  /** The same for models: hand `transaction` to each call. */
  modelsInTenants<T>(
    tenantIds: readonly string[],
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<T>;
  /** Waits for connections in use to be given back, and closes all. */
  close(): Promise<void>;
}

/**
 * Statements are prepared once, while the tables are empty, and a plan kept from then reads them from end to end when
 * they no longer are (ten times slower within a minute of load, until statistics are gathered). They come in batches,
 * so planning each time costs little.
 */
const PLANNING = { plan_cache_mode: 'force_custom_plan' };

/** Opens pools on a migrated database; see `migrate`. */
export async function openDatabase({
  url,
  logger,
  poolSize = 10,
}: {
  url: string;
  logger?: DatabaseLogger;
  /** Most connections of each of the pools. */
  poolSize?: number;
}): Promise<Database> {
  const pool = (role: Role): pg.Pool => {
    const opened = new pg.Pool({ ...connectionTo(url, { role, ...PLANNING }), max: poolSize });
    // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
    // One that breaks while it is in use, between two statements, has no listener of the pool's. Its next statement fails.
    opened.on('connect', (client) => client.on('error', () => {}));
    // While the pool closes, a server that stops at the same time may cut what is closed already.
    opened.on('error', (err) => {
      if (!opened.ending) logger?.warn({ err }, 'An idle database connection broke.');
    });
    return opened;
  };
  const engine = pool('sluice_engine');
  const app = pool('sluice_app');
  const sequelize = openSequelize(url, poolSize);
  return {
    url,
    engine,
    app,
    sequelize,
    models: defineModels(sequelize),
    inTenants: (tenantIds, work) => inTenants(app, tenantIds, work),
    modelsInTenants(tenantIds, work) {
      const begin: Begin = { andThen: setTenants(tenantIds) };
      return sequelize.transaction(begin, work);
    },
    async close() {
      await Promise.all([engine.end(), app.end(), sequelize.close()]);
    },
  };
}

async function inTenants<T>(
  pool: pg.Pool,
  tenantIds: readonly string[],
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const begin = `BEGIN; ${setTenants(tenantIds)}`;
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    // One round trip: the simple protocol takes several statements.
    await client.query(begin);
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((err: Error) => {
      broken = err;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** The statement that says, until the transaction ends, whose rows are seen (see `tenantOwned`). */
function setTenants(tenantIds: readonly string[]): string {
  const wrong = tenantIds.find((id) => !isUuid(id));
  if (wrong !== undefined) throw new Error(`"${wrong}" is not the id of a tenant: a lower-case UUID is.`);
  return `SELECT set_config('sluice.tenants', '${tenantIds.join(',')}', true)`;
}

function openSequelize(url: string, poolSize: number): Sequelize {
  // Sequelize knows only some of a URL's parameters. A client of ours connects as the pools do, TLS and all.
  class Client extends pg.Client {
    constructor({ types }: pg.ClientConfig) {
      super({ ...connectionTo(url, { role: 'sluice_app' }), ...(types && { types }) });
      // Sequelize listens only once it is connected.
      this.on('error', () => {});
    }
  }
  const sequelize = new Sequelize({
    dialect: 'postgres',
    // Sequelize falls back on the module's parsers: with ours, models and raw queries read alike.
    dialectModule: { ...pg, Client, types: { ...pg.types, getTypeParser } },
    pool: { max: poolSize, idle: 10_000 },
    logging: false,
  });
  const generator = sequelize.getQueryInterface().queryGenerator as TransactionQueries;
  const start = generator.startTransactionQuery.bind(generator);
  generator.startTransactionQuery = (transaction) => start(transaction) + (transaction.options.andThen ?? '');
  return sequelize;
}

/** What a transaction begins with, in the same round trip: the simple protocol takes several statements. */
interface Begin extends TransactionOptions {
  readonly andThen?: string;
}

/** The part of Sequelize's generator of statements that begins transactions; its types leave it out. */
interface TransactionQueries {
  startTransactionQuery(transaction: { readonly options: Begin }): string;
}
