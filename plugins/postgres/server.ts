import pg from 'pg';
import { parseAddress, type Address } from './address.ts';
import { toFault } from './faults.ts';
import { Gate, type Patience } from './gate.ts';
import { Session } from './session.ts';

/** Connections of one process to one shard, and how many of them a tenant may have in use. */
const CONNECTIONS = 16;
const OF_A_TENANT = 4;
const IDLE_MS = 30_000;

/** One database. Roles are entered within a transaction, so all tenants share its connections. */
export class Server {
  readonly address: Address;
  readonly #pool: pg.Pool;
  // The pool's own queue counts its waiting as connecting, and would call a busy server a dead one.
  readonly #gate = new Gate(OF_A_TENANT, CONNECTIONS);

  constructor(url: string, name: string) {
    this.address = parseAddress(url, name);
    this.#pool = new pg.Pool({ ...this.address.config, max: CONNECTIONS, idleTimeoutMillis: IDLE_MS });
    // An idle connection that the server closes leaves the pool by itself.
    this.#pool.on('error', () => {});
  }

  /**
   * Lends a connection on account of `key`. One whose transaction was left open is not used again.
   * Throws LogStoreError for what the server or the network says.
   */
  async use<T>(key: string, patience: Patience, work: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await this.#gate.pass(key, patience, () => this.#lend(work));
    } catch (error) {
      throw toFault(error, this.address.label);
    }
  }

  administer<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.use('', { ms: 10_000, late: 'unavailable' }, work);
  }

  /** Ends what another session runs, on a connection apart: the shared ones may all be taken. */
  async cancel(processId: number): Promise<void> {
    const client = new pg.Client({
      ...this.address.config,
      application_name: 'sluice-logs-cancel',
      query_timeout: 2000,
    });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('SELECT pg_cancel_backend($1)', [processId]);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #lend<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    // While it is lent the pool does not listen; the statement at work is told as well.
    const ignore = (): void => {};
    client.on('error', ignore);
    const session = new Session(client);
    try {
      return await work(session);
    } finally {
      client.off('error', ignore);
      client.release(!session.alive || client.getTransactionStatus() !== 'I');
    }
  }
}
