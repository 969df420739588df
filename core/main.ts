import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { startEmbedded } from '../db/embedded.ts';
import { makeDatabases } from '../db/embedded/databases.ts';
import { environmentDatabases } from '../db/environments/databases.ts';
import { openListener } from '../db/listener.ts';
import { masterKeysFrom, parseMasterKeys, type MasterKeys } from '../db/master-key.ts';
import { migrate, openDatabase, type Database } from '../db/open.ts';
import { secretFrom } from '../db/secret-file.ts';
import { CachedConnectionStore } from '../db/stores/cached-connections.ts';
import { openChangeFeed } from '../db/stores/change-feed.ts';
import { DatabaseConnectionStore } from '../db/stores/connection-store.ts';
import { directory } from '../db/stores/directory.ts';
import { environmentDirectory } from '../db/stores/environment-directory.ts';
import { logDirectory } from '../db/stores/log-directory.ts';
import { portLedger } from '../db/stores/port-ledger.ts';
import { responseLog } from '../db/stores/response-log.ts';
import { RunQueue } from '../db/stores/run-queue.ts';
import { unitOfWork } from '../db/stores/unit-of-work.ts';
import { rotateDataKeys, Vault } from '../db/vault.ts';
import { createServer } from './api/server.ts';
import type { Composition, Platform, PlatformOptions } from './cli/composition.ts';
import { refused } from './cli/failure.ts';
import { createLogger } from './cli/logger.ts';
import { runCli } from './cli/program.ts';
import { projectRoot } from './cli/project.ts';
import type { Settings } from './cli/settings.ts';
import { Started } from './cli/started.ts';
import { hostServices } from './domains/compute/host.ts';
import { computeJobs } from './domains/compute/periodic.ts';
import { probePort } from './domains/compute/port-probe.ts';
import { Catalogue } from './domains/definitions/catalogue.ts';
import { readDefinitions } from './domains/definitions/files.ts';
import { openIdVerifier } from './domains/keys/oidc.ts';
import { openLogs, type Logs } from './domains/logs/logs.ts';
import { logJobs } from './domains/logs/periodic.ts';
import { shardOffice } from './domains/logs/shard-office.ts';
import { Shards } from './domains/logs/shards.ts';
import { ensureTenant } from './domains/tenants/tenants.ts';
import { forgetJob } from './jobs/forget.ts';
import { sweepJob } from './jobs/sweep.ts';
import { Timetable } from './jobs/timetable.ts';
import { Worker } from './jobs/worker.ts';
import { systemClock } from './kernel/clock.ts';
import type { HostServices } from './kernel/host.ts';
import type { JsonObject } from './kernel/json.ts';
import type { Plugin } from './kernel/plugin.ts';
import { Registry } from './kernel/registry.ts';
import type { ChangeFeed, Directory, UnitOfWork } from './kernel/stores/stores.ts';
import { compileDefinition } from './language/compile.ts';
import { formatFinding } from './language/source.ts';
import { createAuthorizer } from './runtime/auth.ts';
import { createConsent } from './runtime/consent.ts';
import type { EngineDeps } from './runtime/frame.ts';
import { createHttpClient } from './runtime/http/client.ts';
import { verify } from './runtime/verify.ts';

/*
 * The roof: the only file that opens db/ and scans plugins/. It makes one of each thing and hands them down. What is
 * started is stopped in the reverse order, also where a later start fails.
 */

/** How long a stopping process lets requests in hand go on, in ms. */
const GRACE = 8000;

/** Runs the command line. Resolves once the command has ended and nothing of it is left. */
export async function main(argv: readonly string[]): Promise<void> {
  process.exitCode = await runCli({ loadRegistry, definitionFolders, startPlatform, migrate: migrateOnly, rotateKeys, withShards }, argv);
}

/** Every folder of plugins/ is a plugin. */
async function loadRegistry(): Promise<Registry> {
  const folder = new URL('../plugins/', import.meta.url);
  const index = import.meta.url.endsWith('.ts') ? 'index.ts' : 'index.js';
  const entries = await readdir(folder, { withFileTypes: true });
  const modules = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => import(new URL(`${name}/${index}`, folder).href) as Promise<{ default: Plugin }>);
  return new Registry((await Promise.all(modules)).map((module) => module.default));
}

const definitionFolders: Composition['definitionFolders'] = (settings) => [
  join(projectRoot(), 'definitions'),
  ...settings.definitions,
];

async function databaseUrl(settings: Settings, started: Started): Promise<string> {
  if (settings.databaseUrl !== undefined) return settings.databaseUrl;
  const cluster = await refused(startEmbedded({ dataDir: settings.dataDir }));
  return started.add(cluster, (open) => open.stop()).url;
}

/** The servers of logs that the settings name; with the embedded PostgreSQL, two databases of that. */
async function logServers(settings: Settings, url: string): Promise<Readonly<Record<string, string>>> {
  if (settings.logShards !== undefined) return settings.logShards;
  return settings.databaseUrl === undefined ? makeDatabases(url, ['logs1', 'logs2']) : {};
}

/** An operator's command, beside running processes or without any: what it opens is closed when it is done. */
async function operate<T>(settings: Settings, work: (url: string, started: Started) => Promise<T>): Promise<T> {
  const started = new Started();
  await mkdir(settings.dataDir, { recursive: true });
  try {
    return await work(await databaseUrl(settings, started), started);
  } finally {
    await started.stop();
  }
}

const migrateOnly: Composition['migrate'] = (settings) => operate(settings, (url) => refused(migrate(url)));

/** The same, on its database as it has to be. */
const operateOn = <T>(settings: Settings, work: (db: Database, started: Started) => Promise<T>): Promise<T> =>
  operate(settings, async (url, started) => {
    await refused(migrate(url));
    return work(started.add(await openDatabase({ url }), (open) => open.close()), started);
  });

const rotateKeys: Composition['rotateKeys'] = (settings) =>
  operateOn(settings, (db) => refused(masterKeysOf(settings).then((keys) => rotateDataKeys(db.engine, new Vault(keys)))));

const withShards: Composition['withShards'] = (settings, use) =>
  operateOn(settings, async (db, started) => {
    const changes = started.add(await openChangeFeed(db.url), (feed) => feed.close());
    const work = unitOfWork(db, new Vault(await refused(masterKeysOf(settings))), changes.tell);
    const stores = (await loadRegistry()).logStores();
    const shards = started.add(new Shards({ work, changes, stores }), (open) => open.close());
    return use(shardOffice({ work, shards, directory: logDirectory(db) }));
  });

async function startPlatform(settings: Settings, { role }: PlatformOptions): Promise<Platform> {
  const started = new Started();
  try {
    return await compose(settings, role, started);
  } catch (error) {
    await started.stop();
    throw error;
  }
}

async function compose(settings: Settings, role: PlatformOptions['role'], started: Started): Promise<Platform> {
  await mkdir(settings.dataDir, { recursive: true });
  const logger = createLogger(settings.logLevel);
  const url = await databaseUrl(settings, started);
  await refused(migrate(url));
  const db = started.add(await openDatabase({ url, logger }), (open) => open.close());
  const changes = started.add(await openChangeFeed(url), (feed) => feed.close());
  const vault = new Vault(await refused(masterKeysOf(settings)));
  const records = directory(db, vault);
  const registry = await loadRegistry();
  const catalogue = await openCatalogue(settings, registry, records, logger);
  const work = unitOfWork(db, vault, changes.tell);
  const logs = started.add(await openLogPlatform(), (open) => open.close());
  const engine = openEngine(settings, { db, vault, changes, registry, logs, started });
  const rootKey = await rootKeyOf(settings);

  if (role !== 'api') await startWorker({ db, url, catalogue, engine, records, work, logs, logger, started });
  const serving = role === 'worker' ? undefined : await serve();
  return { url: serving?.url, newRootKey: rootKey.made ? rootKey.value : undefined, close: () => started.stop() };

  async function openLogPlatform(): Promise<Logs> {
    const servers = await refused(logServers(settings, url));
    const on = { work, directory: logDirectory(db), changes, clock: systemClock, stores: registry.logStores() };
    return refused(openLogs(on, servers));
  }

  async function serve(): Promise<{ url: string }> {
    const compatible = settings.compat && (await ensureTenant({ work, directory: records }, settings.compat));
    const server = createServer({
      work,
      directory: records,
      logs,
      changes,
      responses: responseLog(db),
      live: engine.connections,
      catalogue,
      checkUrl: (url) => engine.http.checkUrl(url),
      verify: (plan, connection) => verify(plan, connection, engine),
      consent: createConsent(engine.authorizer, engine.app),
      stepTypes: engine.stepTypes,
      services: engine.services,
      clock: systemClock,
      logger,
      rootKey: rootKey.value,
      ready: () => records.ping(),
      ...(compatible && { databalancer: { tenantId: compatible.id } }),
      ...(settings.publicUrl === undefined ? {} : { publicUrl: settings.publicUrl }),
      ...(settings.oidcIssuer && settings.oidcAudience
        ? { oidc: openIdVerifier({ issuer: settings.oidcIssuer, audience: settings.oidcAudience }) }
        : {}),
    });
    started.add(server, (open) => open.close());
    return refused(server.listen(settings.port, settings.host));
  }
}

async function openCatalogue(
  settings: Settings,
  registry: Registry,
  records: Directory,
  logger: Logger,
): Promise<Catalogue> {
  const folders = definitionFolders(settings);
  const sources = (await refused(Promise.all(folders.map((folder) => readDefinitions(folder))))).flat();
  const catalogue = await Catalogue.open(sources, (source) => compileDefinition(source, registry), records);
  for (const { findings } of catalogue.all()) {
    for (const finding of findings) if (finding.severity === 'error') logger.warn(formatFinding(finding));
  }
  return catalogue;
}

/** This host, for environments that live on it. */
function hostAt({ dataDir }: Settings, { url, engine }: Database): HostServices {
  const queue = new RunQueue(engine);
  return hostServices({
    folder: join(dataDir, 'environments'),
    databases: environmentDatabases(url),
    ports: portLedger(engine, probePort),
    workerHosts: async () => new Set((await queue.beats()).map(({ host }) => host)).size,
  });
}

type Engine = Omit<EngineDeps, 'checkpoint' | 'http'> & { readonly http: ReturnType<typeof createHttpClient> };

function openEngine(
  settings: Settings,
  on: {
    db: Database;
    vault: Vault;
    changes: ChangeFeed;
    registry: Registry;
    logs: Logs;
    started: Started;
  },
): Engine {
  const { apps, endpoints, egressAllow } = settings;
  const http = on.started.add(createHttpClient({ endpoints, egressAllow, clock: systemClock }), (open) => open.close());
  const connections = new CachedConnectionStore(new DatabaseConnectionStore(on.db, on.vault), on.changes);
  const app = (definition: string): JsonObject => apps[definition] ?? {};
  const authorizer = createAuthorizer({ registry: on.registry, connections, http, clock: systemClock, app });
  return {
    clock: systemClock,
    random: Math.random,
    http,
    connections,
    authorizer,
    app,
    stepTypes: (name) => on.registry.stepType(name),
    services: { logs: on.logs.services, host: hostAt(settings, on.db) },
    events: on.logs.events,
  };
}

async function startWorker(on: {
  db: Database;
  url: string;
  catalogue: Catalogue;
  engine: Engine;
  records: Directory;
  work: UnitOfWork;
  logs: Logs;
  logger: Logger;
  started: Started;
}): Promise<void> {
  const { db, catalogue, engine, records, work, logs, logger, started } = on;
  const queue = new RunQueue(db.engine);
  const worker = new Worker({ queue, engine, plan: ({ hash }) => catalogue.planByHash(hash), log: logger });
  const environments = environmentDirectory(db);
  const jobs = [
    sweepJob(queue),
    forgetJob({ records, queue }),
    ...logJobs(logs, { catalogue, work, queue }),
    ...computeJobs({ environments, catalogue, queue }),
  ];
  const timetable = new Timetable(db.engine, jobs, logger);
  started.add(await openListener(on.url, { sluice_runs: () => worker.wake() }), (open) => open.close());
  await timetable.start();
  started.add(timetable, (open) => open.stop(GRACE));
  await worker.start();
  started.add(worker, (open) => open.drain(GRACE));
}

/** The setting's, else those of the data folder, where the first start made one. */
async function masterKeysOf({ masterKey, dataDir }: Settings): Promise<MasterKeys> {
  if (masterKey !== undefined) return parseMasterKeys(masterKey, 'SLUICE_MASTER_KEY');
  return masterKeysFrom(join(dataDir, 'master-key'));
}

/** The operator's key: the setting's, else the one made at the first start and kept in the data folder. */
async function rootKeyOf({ rootKey, dataDir }: Settings): Promise<{ value: string; made: boolean }> {
  if (rootKey !== undefined) return { value: rootKey, made: false };
  return secretFrom(join(dataDir, 'root-key'), 'slr_');
}
