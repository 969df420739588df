import pg from 'pg';
import { Sequelize, Transaction } from 'sequelize';
import { isUuid } from '../core/kernel/ids.ts';
import { connectionTo, getTypeParser, type Role, type Settings } from './connection.ts';
import { GatheringSocket } from './gathering-socket.ts';
import { defineModels, type Models } from './models/index.ts';
import { inTransaction, type Unawaited } from './transaction.ts';

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
  /** As the engine, for rows of datasets: COPY takes connections that send one statement after the other. */
  readonly datasets: pg.Pool;
  /** Under the models. It has connections of its own for what is done without a transaction, which sees nothing. */
  readonly sequelize: Sequelize;
  readonly models: Models;
  /**
   * Runs `work` in one transaction that sees these tenants only, and commits; see `inTransaction`. Throws what `work`
   * throws, after a rollback. The client must not be used after `work` has settled.
   */
  inTenants<T>(tenantIds: readonly string[], work: (client: pg.PoolClient) => Promise<T>): Promise<T>;
  /** The same for models: hand `transaction` to each call. */
  modelsInTenants<T>(
    tenantIds: readonly string[],
    work: (transaction: OpenTransaction, unawaited: Unawaited) => Promise<T>,
  ): Promise<T>;
  /** Waits for connections in use to be given back, and closes all. */
  close(): Promise<void>;
}

/** A transaction of models, on the connection that statements beside them are given to. */
export interface OpenTransaction extends Transaction {
  readonly connection: pg.PoolClient;
}

/**
 * Statements are prepared once, while the tables are empty, and a plan kept from then reads them from end to end when
 * they no longer are (ten times slower within a minute of load, until statistics are gathered). They come in batches,
 * so planning each time costs little.
 */
const PLANNING: Settings = { plan_cache_mode: 'force_custom_plan' };

/** Statements go out before those ahead of them are answered. */
const PIPELINED = { pipeline: true, stream: () => new GatheringSocket() };

/** Statements over many rows at once. Compiling them takes longer than they do. */
const BULK: Settings = { work_mem: '64MB', temp_buffers: '32MB', jit: 'off' };

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
  const pool = (role: Role, settings = PLANNING, how: object = PIPELINED): pg.Pool => {
    const opened = new pg.Pool({ ...connectionTo(url, { role, ...settings }), ...how, max: poolSize });
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
  const datasets = pool('sluice_engine', BULK, {});
  const sequelize = openSequelize(url, poolSize);
  return {
    url,
    engine,
    app,
    datasets,
    sequelize,
    models: defineModels(sequelize),
    inTenants: async (tenantIds, work) => inTransaction(app, beginIn(tenantIds), work),
    modelsInTenants: async (tenantIds, work) =>
      inTransaction(app, beginIn(tenantIds), async (client, unawaited) => {
        const transaction = transactionOn(sequelize, client);
        try {
          return await work(transaction, unawaited);
        } finally {
          // Models refuse one that is over.
          transaction.finished = 'commit';
        }
      }),
    async close() {
      await Promise.all([engine.end(), app.end(), datasets.end(), sequelize.close()]);
    },
  };
}

/**
 * Begins a transaction, and says until it ends whose rows are seen (see `tenantOwned`). What is sent behind it need not
 * wait: where this fails, no tenant is named, and no row is seen.
 */
function beginIn(tenantIds: readonly string[]): string {
  const wrong = tenantIds.find((id) => !isUuid(id));
  if (wrong !== undefined) throw new Error(`"${wrong}" is not the id of a tenant: a lower-case UUID is.`);
  return `BEGIN; SELECT set_config('sluice.tenants', '${tenantIds.join(',')}', true)`;
}

/** Sequelize looks for these in a transaction; its types leave them out. */
interface Held {
  readonly connection: pg.PoolClient;
  finished?: 'commit';
}

function transactionOn(sequelize: Sequelize, connection: pg.PoolClient): Transaction & Held {
  const held: Held = { connection };
  return Object.assign(new Transaction(sequelize, {}), held);
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
  return new Sequelize({
    dialect: 'postgres',
    // Sequelize falls back on the module's parsers: with ours, models and raw queries read alike.
    dialectModule: { ...pg, Client, types: { ...pg.types, getTypeParser } },
    pool: { max: poolSize, idle: 10_000 },
    logging: false,
  });
}
