import { LogStoreError } from '../../core/sdk.ts';
import { parseAddress, type Address } from './address.ts';
import { Connections, type Account, type Patience } from './connections.ts';
import { toFault } from './faults.ts';
import { Session } from './session.ts';

/** What differs between the servers that speak the protocol. */
export interface Facts {
  readonly mariaDb: boolean;
  /** Compares byte by byte and keeps trailing blanks: both servers have such a collation, under names of their own. */
  readonly collation: string;
  /** TiDB has no hidden columns. Queries name their columns, so nothing depends on it. */
  readonly hidesColumns: boolean;
  /** Bytes of the longest statement. */
  readonly maxPacket: number;
}

/** Connections of all tenants' users to one server, from one process. */
const CAP = 64;
const ADMINISTRATORS = 4;

/** One server: its facts, and sessions that are set up as our statements expect. */
export class Server {
  readonly address: Address;
  readonly #connections: Connections;
  readonly #administrator: Account;
  #facts: Promise<Facts> | undefined;

  constructor(url: string, name: string) {
    this.address = parseAddress(url, name);
    const { user, password } = this.address;
    this.#administrator = { key: '', user, password, limit: ADMINISTRATORS, purpose: 'administer' };
    this.#connections = new Connections(CAP, (account) => this.#connect(account));
  }

  /** Lends a connection of the account. Throws LogStoreError for what the server or the network says. */
  async use<T>(account: Account, patience: Patience, work: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await this.#connections.use(account, patience, work);
    } catch (error) {
      throw toFault(error, this.address.label);
    }
  }

  administer<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.use(this.#administrator, { ms: 10_000 }, work);
  }

  /** Read once, and again after a failure. */
  facts(): Promise<Facts> {
    this.#facts ??= this.#readFacts().catch((error: unknown) => {
      this.#facts = undefined;
      throw toFault(error, this.address.label);
    });
    return this.#facts;
  }

  forget(key: string): void {
    this.#connections.forget(key);
  }

  close(): void {
    this.#connections.close();
  }

  async #connect(account: Account): Promise<Session> {
    const facts = await this.facts();
    const multiple = account.purpose === 'write';
    return Session.open(this.address, account, setup(facts, account.purpose), { multiple });
  }

  async #readFacts(): Promise<Facts> {
    const session = await Session.open(this.address, this.#administrator, []);
    try {
      const names = COLLATIONS.map((name) => `'${name}'`).join(', ');
      const known = await session.run(
        `SELECT collation_name FROM information_schema.collations WHERE collation_name IN (${names})`,
      );
      const about = await session.run('SELECT VERSION(), @@max_allowed_packet');
      const collations = known.rows.map(([name]) => String(name));
      const [version = '', packet = ''] = (about.rows[0] ?? []).map(String);
      const collation = COLLATIONS.find((name) => collations.includes(name));
      if (!collation) {
        throw new LogStoreError(
          'refused',
          `Shard ${this.address.label} runs ${version}, which has none of the collations ${COLLATIONS.join(', ')}. ` +
            'Use MariaDB 10.6 or newer, or MySQL 8.0.23 or newer.',
        );
      }
      const mariaDb = version.includes('MariaDB');
      return { mariaDb, collation, hidesColumns: !version.includes('TiDB'), maxPacket: Number(packet) };
    } finally {
      session.end();
    }
  }
}

/** MariaDB's, then MySQL's. */
const COLLATIONS = ['utf8mb4_nopad_bin', 'utf8mb4_0900_bin'];

/**
 * What a server may have been configured otherwise. The SQL mode is named whole: strict, no silent change of engine,
 * and neither ANSI_QUOTES, PIPES_AS_CONCAT nor NO_BACKSLASH_ESCAPES, on which literals rely.
 */
function setup({ mariaDb, collation }: Facts, purpose: Account['purpose']): readonly string[] {
  const settings = [
    "@@SESSION.sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
    "@@SESSION.time_zone = '+00:00'",
    `@@SESSION.collation_connection = ${collation}`,
    '@@SESSION.innodb_lock_wait_timeout = 5',
    // An ALTER that waits for a table keeps every later insert waiting behind it.
    `@@SESSION.lock_wait_timeout = ${purpose === 'administer' ? 1 : 10}`,
    '@@SESSION.wait_timeout = 300',
  ];
  // MySQL answers sizes of tables from a cache that is a day old.
  if (!mariaDb && purpose === 'administer') settings.push('@@SESSION.information_schema_stats_expiry = 0');
  // No locks on gaps between keys: writers of different keys do not meet.
  const isolation = 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED';
  return [`SET ${settings.join(', ')}`, ...(purpose === 'write' ? [isolation] : [])];
}
