import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { createServer } from '../../core/api/server.ts';
import { openDatasets, type Datasets } from '../../core/domains/datasets/open.ts';
import { Catalogue } from '../../core/domains/definitions/catalogue.ts';
import { readDefinitions } from '../../core/domains/definitions/files.ts';
import { openLogs, type Logs, type LogsDeps } from '../../core/domains/logs/logs.ts';
import { ensureTenant } from '../../core/domains/tenants/tenants.ts';
import { systemClock } from '../../core/kernel/clock.ts';
import type { JsonObject } from '../../core/kernel/json.ts';
import type { Plugin } from '../../core/kernel/plugin.ts';
import { Registry } from '../../core/kernel/registry.ts';
import type { Directory, UnitOfWork } from '../../core/kernel/stores/stores.ts';
import { compileDefinition } from '../../core/language/compile.ts';
import { Worker } from '../../core/jobs/worker.ts';
import { createAuthorizer } from '../../core/runtime/auth.ts';
import { createConsent } from '../../core/runtime/consent.ts';
import { createHttpClient } from '../../core/runtime/http/client.ts';
import { verify } from '../../core/runtime/verify.ts';
import { operationalStores } from '../../db/datasets/operational-stores.ts';
import { openListener } from '../../db/listener.ts';
import { masterKey } from '../../db/master-key.ts';
import type { Database } from '../../db/open.ts';
import { openChangeFeed } from '../../db/stores/change-feed.ts';
import { DatabaseConnectionStore } from '../../db/stores/connection-store.ts';
import { datasetDirectory } from '../../db/stores/dataset-directory.ts';
import { directory } from '../../db/stores/directory.ts';
import { logDirectory } from '../../db/stores/log-directory.ts';
import { responseLog } from '../../db/stores/response-log.ts';
import { RunQueue } from '../../db/stores/run-queue.ts';
import { unitOfWork } from '../../db/stores/unit-of-work.ts';
import { warehouseRecords } from '../../db/stores/warehouse-records.ts';
import { Vault } from '../../db/vault.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';

export const ROOT_KEY = 'root-key-of-the-tests-0123456789';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // A test looks into whatever was answered; a wrong path fails it.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface Sending {
  /** The bearer credential; null sends none. */
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is, instead of JSON of `body`. */
  readonly raw?: string | Buffer;
}

export interface TestApi {
  readonly url: string;
  /** For another process of the same platform: see `TestApiOptions.place`. */
  readonly place: Place;
  readonly db: Database;
  readonly work: UnitOfWork;
  readonly logs: Logs;
  readonly datasets: Datasets;
  readonly catalogue: Catalogue;
  /** The owner's key of a tenant made for the suite; `call` uses it where no other is named. */
  readonly key: string;
  readonly tenantId: string;
  /** All that was logged so far. */
  log(): string;
  call(method: string, path: string, body?: unknown, sending?: Sending): Promise<Answer>;
  readonly directory: Directory;
  readonly queue: RunQueue;
  /** A worker that is not started. */
  newWorker(): Worker;
  /** Starts a worker, which carries runs out until the API is closed. */
  startWorker(): Promise<void>;
  /** Makes another tenant; returns its id and owner's key. */
  newTenant(name: string): Promise<{ id: string; apiKey: string }>;
  close(): Promise<void>;
}

/** What processes of one platform share. */
export interface Place {
  readonly database: TestDatabase;
  readonly master: Buffer;
}

export interface TestApiOptions {
  /** Makes it another process of the platform that has this place; close it before that one. */
  readonly place?: Place;
  /** Definitions beside the bundled ones, by file name. */
  readonly definitions?: Readonly<Record<string, string>>;
  readonly endpoints?: Readonly<Record<string, string>>;
  readonly app?: JsonObject;
  /** Servers of logs, name to URL. None by default. */
  readonly logShards?: Readonly<Record<string, string>>;
  readonly logLimits?: NonNullable<LogsDeps['limits']>;
  readonly queryLimits?: NonNullable<LogsDeps['queryLimits']>;
  readonly tailLimits?: NonNullable<LogsDeps['tailLimits']>;
  /** As with SLUICE_COMPAT=databalancer. */
  readonly databalancer?: boolean;
}

/** The API on a real database, with the bundled definitions, listening on a free port. Without a worker runs stay queued. */
export async function testApi(options: TestApiOptions = {}): Promise<TestApi> {
  const place = options.place ?? { database: await testDatabase(), master: randomBytes(32) };
  const { database } = place;
  const { db } = database;
  const vault = new Vault([masterKey(place.master)]);
  const records = directory(db, vault);
  const registry = new Registry(await plugins());
  const http = createHttpClient({ clock: systemClock, endpoints: options.endpoints ?? {} });
  const live = new DatabaseConnectionStore(db, vault);
  const app = (): JsonObject => options.app ?? {};
  const authorizer = createAuthorizer({ registry, connections: live, http, clock: systemClock, app });
  const own = Object.entries(options.definitions ?? {}).map(([file, text]) => ({ file, text }));
  const catalogue = await Catalogue.open(
    [...(await readDefinitions('definitions')), ...own],
    (source) => compileDefinition(source, registry),
    records,
  );
  const changes = await openChangeFeed(database.url);
  const work = unitOfWork(db, vault, changes.tell);
  const logs = await openLogs(
    {
      work,
      directory: logDirectory(db),
      changes,
      clock: systemClock,
      stores: registry.logStores(),
      ...(options.logLimits && { limits: options.logLimits }),
      ...(options.queryLimits && { queryLimits: options.queryLimits }),
      ...(options.tailLimits && { tailLimits: options.tailLimits }),
    },
    options.logShards,
  );
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-api-'));
  await mkdir(path.join(folder, 'objects'));
  const datasets = await openDatasets(
    {
      catalogue,
      operational: operationalStores(db.datasets),
      records: warehouseRecords(db.engine),
      directory: datasetDirectory(db),
      clock: systemClock,
      objectStores: registry.objectStores(),
      warehouses: registry.warehouses(),
      app,
    },
    { objects: pathToFileURL(path.join(folder, 'objects')).href, warehouse: 'duckdb:', scratch: path.join(folder, 'scratch') },
  );
  const guests = options.databalancer
    ? await ensureTenant({ work, directory: records }, 'databalancer')
    : undefined;
  const logged: string[] = [];
  const engine = {
    clock: systemClock,
    random: Math.random,
    http,
    authorizer,
    connections: live,
    app,
    stepTypes: (name: string) => registry.stepType(name),
    services: { logs: logs.services, datasets: datasets.services },
    events: logs.events,
  };
  const stops: (() => Promise<unknown>)[] = [];
  const server = createServer({
    work,
    logs,
    datasets,
    directory: records,
    changes,
    responses: responseLog(db),
    live,
    catalogue,
    checkUrl: (target) => http.checkUrl(target),
    verify: (plan, connection) => verify(plan, connection, engine),
    consent: createConsent(authorizer, app),
    stepTypes: engine.stepTypes,
    services: engine.services,
    clock: systemClock,
    logger: pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) }),
    rootKey: ROOT_KEY,
    ...(guests && { databalancer: { tenantId: guests.id } }),
  });
  const { url } = await server.listen(0, '127.0.0.1');
  const call = (method: string, path: string, body?: unknown, sending: Sending = {}): Promise<Answer> =>
    send(`${url}${path}`, method, body, { key, ...sending });
  const queue = new RunQueue(db.engine);
  const newWorker = (): Worker => {
    const log = { warn() {}, error: (fields: object, message: string) => void logged.push(message, JSON.stringify(fields)) };
    return new Worker({ queue, engine, plan: ({ hash }) => catalogue.planByHash(hash), log });
  };
  const newTenant = async (name: string): Promise<{ id: string; apiKey: string }> => {
    const made = await send(`${url}/v1/tenants`, 'POST', { name }, { key: ROOT_KEY });
    if (made.status !== 201) throw new Error(`${made.text}\n${logged.join('')}`);
    return made.body;
  };
  let key = '';
  const first = await newTenant('Acme');
  key = first.apiKey;
  return {
    url,
    place,
    db,
    work,
    logs,
    datasets,
    catalogue,
    key,
    tenantId: first.id,
    log: () => logged.join(''),
    call,
    newTenant,
    directory: records,
    queue,
    newWorker,
    async startWorker() {
      const worker = newWorker();
      const listener = await openListener(database.url, { sluice_runs: () => worker.wake() });
      await worker.start();
      stops.push(() => worker.drain(1000), () => listener.close());
    },
    async close() {
      await server.close();
      for (const stop of stops) await stop();
      await logs.close();
      await datasets.close();
      await rm(folder, { recursive: true, force: true });
      await changes.close();
      http.close();
      if (!options.place) await database.drop();
    },
  };
}

async function plugins(): Promise<Plugin[]> {
  const folder = new URL('../../plugins/', import.meta.url);
  const entries = await readdir(folder, { withFileTypes: true });
  const modules = entries
    .filter((entry) => entry.isDirectory())
    .map(async ({ name }) => (await import(new URL(`${name}/index.ts`, folder).href)) as { default: Plugin });
  return (await Promise.all(modules)).map((module) => module.default);
}

async function send(
  url: string,
  method: string,
  body: unknown,
  { key, headers, raw }: Sending,
): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      ...(key && { authorization: `Bearer ${key}` }),
      ...((body !== undefined || raw !== undefined) && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(raw !== undefined ? { body: raw } : body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const json = /[/+]json\b/.test(answer.headers.get('content-type') ?? '');
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: json && text !== '' ? JSON.parse(text) : undefined,
  };
}
