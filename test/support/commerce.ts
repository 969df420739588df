import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { badRow } from '../../core/domains/datasets/generating/dirt.ts';
import { generateCommerce, type CommerceSummary } from '../../core/domains/datasets/generating/generate-commerce.ts';
import { createDatabase } from './database.ts';
import { drop, signed, SIGNING_SECRET } from './datasets.ts';
import { eventually, ROOT_KEY, startSluice, type Called, type SluiceProcess } from './sluice-process.ts';

/** A message as its sender sends it, again and again until it is taken: one id, one time, one signature. */
export interface SignedMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What arrives in the time of some days. */
export interface Wave {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly messages: readonly SignedMessage[];
}

/** Ms that messages are signed ahead: so long, and for the same time after, they are neither too old nor too new. */
const AHEAD = 240_000;

/** Messages beside those of the generator: two that do not fit their columns, and one of an order that never comes. */
const MORE = ['2026-02-30T12:00:00Z', 12.7, '2026-01-01T12:00:00Z'].map((createdAt, i) => ({
  id: `msg-more-${i}`,
  body: JSON.stringify({ data: { id: `t-more-${i}`, order_id: 'o-nowhere', status: 'success', created_at: createdAt } }),
}));

/** Good rows to a bad one, so that the file is not refused. */
const MANY = 1_000;

/** A file of order lines as it comes once more, its rows again and again, and one among them that is bad. */
function dirtyFile(content: Buffer): Buffer {
  const [header, ...lines] = content.toString().trimEnd().split('\n');
  const again = Array.from({ length: MANY }, (_, i) => lines[i % lines.length]);
  return Buffer.from(`${[header, ...again].join('\n')}\n${String(badRow('order_lines', 0))}`);
}

/** A generated shop, cut into waves after these days. What is signed is valid for some minutes from now. */
export async function commerceWaves(
  shop: { readonly days: number; readonly orders: number; readonly seed: number },
  lastDays: readonly number[],
): Promise<{ readonly waves: readonly Wave[]; readonly summary: CommerceSummary }> {
  const base = Date.now() + AHEAD;
  const files: [key: string, content: Buffer][] = [];
  const messages: { readonly arrives: string; readonly signed: SignedMessage }[] = [];
  const add = (arrives: string, { id, body, at }: { id: string; body: string; at: number }): void => {
    messages.push({ arrives, signed: { headers: signed(id, body, SIGNING_SECRET, new Date(at)), body } });
  };
  const summary = await generateCommerce({
    ...shop,
    out: {
      file: async (key, content) => void files.push([key, Buffer.concat([...content])]),
      message: ({ id, body, arrives, sequence }) => add(arrives, { id, body, at: base + sequence * 1000 }),
    },
  });
  const [key, lines] = files.find(([name]) => name.startsWith('order_lines/'))!;
  files.push([key.replace('part-0', 'part-2'), dirtyFile(lines)]);
  for (const { id, body } of MORE) add(summary.from, { id, body, at: base });
  const ends = [...lastDays.map((day) => new Date(Date.parse(summary.from) + day * 86_400_000).toISOString().slice(0, 10)), '9999'];
  const waveOf = (date: string): number => ends.findIndex((end) => date <= end);
  const dateOf = (key: string): string => /dt=([\d-]+)/.exec(key)?.[1] ?? '';
  const waves = ends.map((_, wave) => ({
    files: new Map(files.filter(([key]) => waveOf(dateOf(key)) === wave)),
    messages: messages.filter(({ arrives }) => waveOf(arrives) === wave).map((one) => one.signed),
  }));
  return { waves, summary };
}

/** The same for all that begin with it: the tenant, its key, and its connection, as a server left them. */
export interface CommerceBase {
  readonly tenantId: string;
  readonly key: string;
  readonly connectionId: string;
  readonly template: string;
  remove(): Promise<void>;
}

/** A database in which a tenant has turned the dataset `commerce` on. */
export async function commerceBase(): Promise<CommerceBase> {
  const database = await createDatabase();
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-commerce-'));
  const server = await startSluice(await envIn(folder, database.url));
  const { id: tenantId, apiKey: key } = (await server.call('POST', '/v1/tenants', { name: 'Acme' })).body;
  const wish = { definition: 'commerce', name: 'Shop', config: { signingSecret: SIGNING_SECRET } };
  const { id: connectionId } = (await server.call('POST', '/v1/connections', wish, key)).body;
  await server.end('SIGTERM');
  await rm(folder, { recursive: true, force: true });
  return { tenantId, key, connectionId, template: nameOf(database.url), remove: () => database.drop() };
}

async function envIn(folder: string, databaseUrl: string): Promise<Readonly<Record<string, string>>> {
  await mkdir(path.join(folder, 'objects'), { recursive: true });
  return {
    SLUICE_DATA_DIR: path.join(folder, 'data'),
    SLUICE_DATABASE_URL: databaseUrl,
    SLUICE_OBJECTS: path.join(folder, 'objects'),
    SLUICE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    SLUICE_ROOT_KEY: ROOT_KEY,
    SLUICE_LOG_SHARDS: '',
    SLUICE_LOG_LEVEL: 'warn',
  };
}

const nameOf = (url: string): string => new URL(url).pathname.slice(1);

/** A copy of the base with a folder of its own, and a server on it that may be killed and started again. */
export class CommercePlace {
  readonly base: CommerceBase;
  readonly env: Readonly<Record<string, string>>;
  /** Sees all that is in the database. */
  readonly db: pg.Client;
  readonly objectsFolder: string;
  /** Statuses of answers to messages, other than 202. */
  readonly refusals = new Set<number>();
  #server: SluiceProcess | undefined;
  readonly #folder: string;
  readonly #drop: () => Promise<void>;

  private constructor(base: CommerceBase, folder: string, env: Readonly<Record<string, string>>, db: pg.Client, drop: () => Promise<void>) {
    this.base = base;
    this.#folder = folder;
    this.env = env;
    this.db = db;
    this.#drop = drop;
    this.objectsFolder = path.join(folder, 'objects');
  }

  static async open(base: CommerceBase): Promise<CommercePlace> {
    const folder = await mkdtemp(path.join(tmpdir(), 'sluice-commerce-'));
    const database = await createDatabase(base.template);
    const db = new pg.Client({ connectionString: database.url });
    await db.connect();
    // What was granted on the database itself is not cloned with it.
    await db.query(`GRANT CREATE ON DATABASE ${nameOf(database.url)} TO sluice_engine`);
    return new CommercePlace(base, folder, await envIn(folder, database.url), db, () => database.drop());
  }

  get scratch(): string {
    return path.join(this.#folder, 'scratch');
  }

  async start(...args: readonly string[]): Promise<void> {
    this.#server = await startSluice(this.env, args);
  }

  async kill(): Promise<void> {
    await this.#server?.end('SIGKILL');
  }

  /** Another connection that sees all. */
  async connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.env['SLUICE_DATABASE_URL'] });
    await client.connect();
    return client;
  }

  /** What a killed process has sent is done, or rolled back. */
  async deserted(): Promise<void> {
    const others = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sluice'`;
    await eventually('its connections are closed', async () => (await this.db.query(others)).rowCount === 0);
  }

  async close(): Promise<void> {
    await this.#server?.end('SIGKILL');
    await this.db.end();
    await this.#drop();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }

  async call(method: string, place: string, body?: unknown): Promise<Called> {
    return this.#server!.call(method, place, body, this.base.key);
  }

  /** Begins a load or a build. @returns the run's id */
  async begin(what: 'load' | 'build'): Promise<string> {
    const { status, body } = await this.call('POST', `/v1/datasets/commerce:${what}`);
    if (status !== 202) throw new Error(`:${what} was answered with ${status}: ${JSON.stringify(body)}`);
    return body.id;
  }

  async drop(files: Wave['files']): Promise<void> {
    const landing = path.join(this.objectsFolder, 'landing', this.base.tenantId, 'commerce');
    for (const [key, content] of files) await drop(landing, key, content);
  }

  /** Sends each message until it is taken, some at a time, to whichever server there is. */
  async send(messages: Wave['messages'], lanes = 3): Promise<void> {
    const left = messages.values();
    const lane = async (): Promise<void> => {
      for (const message of left) await eventually('a message is taken', () => this.#taken(message));
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  async #taken({ headers, body }: SignedMessage): Promise<boolean> {
    const address = `/hooks/${this.base.connectionId}/transactions`;
    // A sender without an answer does not know whether the message was taken.
    const answer = await this.#server!.call('POST', address, body, '', headers).catch(() => undefined);
    if (!answer || answer.status === 202) return answer !== undefined;
    this.refusals.add(answer.status);
    return false;
  }

  /** The state a run has ended in; undefined where it has not. */
  async ended(run: string): Promise<string | undefined> {
    const { rows } = await this.db.query<{ state: string }>(
      `SELECT state FROM runs WHERE id = $1 AND state IN ('succeeded', 'failed', 'cancelled', 'needs_review')`,
      [run],
    );
    return rows[0]?.state;
  }

  /** The process whose worker has a run in hand. */
  async holderOf(run: string): Promise<number | undefined> {
    const holder = 'SELECT w.pid FROM workers w JOIN runs r ON r.lease_owner = w.id WHERE r.id = $1';
    return (await this.db.query<{ pid: number }>(holder, [run])).rows[0]?.pid;
  }

  /** Takes a wave in and builds what it touches. @param meanwhile what happens while a run is under way */
  async take(wave: Wave, meanwhile: (what: 'load' | 'build', run: string) => Promise<void> = async () => {}): Promise<void> {
    await this.drop(wave.files);
    const sending = this.send(wave.messages);
    // Where a run goes wrong before, that is what is told.
    sending.catch(() => undefined);
    for (const what of ['load', 'build'] as const) {
      const run = await this.begin(what);
      await meanwhile(what, run);
      await eventually(`the ${what} ends`, () => this.ended(run));
    }
    await sending;
  }
}
