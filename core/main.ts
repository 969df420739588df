import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { operationalStores } from '../db/datasets/operational-stores.ts';
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
import { datasetDirectory } from '../db/stores/dataset-directory.ts';
import { directory } from '../db/stores/directory.ts';
import { environmentDirectory } from '../db/stores/environment-directory.ts';
import { logDirectory } from '../db/stores/log-directory.ts';
import { portLedger } from '../db/stores/port-ledger.ts';
import { responseLog } from '../db/stores/response-log.ts';
import { RunQueue } from '../db/stores/run-queue.ts';
import { unitOfWork } from '../db/stores/unit-of-work.ts';
import { warehouseRecords } from '../db/stores/warehouse-records.ts';
import { rotateDataKeys, Vault } from '../db/vault.ts';
import { createServer } from './api/server.ts';
import type { Composition, Platform, PlatformOptions } from './cli/composition.ts';
import { datasetPlaces } from './cli/dataset-places.ts';
import { refused } from './cli/failure.ts';
import { createLogger } from './cli/logger.ts';
import { openCatalogue } from './cli/open-catalogue.ts';
import { openEngine, type Engine } from './cli/open-engine.ts';
import { runCli } from './cli/program.ts';
import { projectRoot } from './cli/project.ts';
import type { Settings } from './cli/settings.ts';
import { Started } from './cli/started.ts';
import { hostServices } from './domains/compute/host.ts';
import { computeJobs } from './domains/compute/periodic.ts';
import { probePort } from './domains/compute/port-probe.ts';
import { datasetOffice } from './domains/datasets/office.ts';
import { openDatasets, type Datasets } from './domains/datasets/open.ts';
import { datasetJobs } from './domains/datasets/periodic.ts';
import type { Catalogue, Compiled } from './domains/definitions/catalogue.ts';
import { openIdVerifier } from './domains/keys/oidc.ts';
import { openLogs, type Logs } from './domains/logs/logs.ts';
import { logJobs } from './domains/logs/periodic.ts';
import { shardOffice } from './domains/logs/shard-office.ts';
import { Shards } from './domains/logs/shards.ts';
import { ensureTenant } from './domains/tenants/tenants.ts';
import { carryOut } from './jobs/carry-out.ts';
import { forgetJob } from './jobs/forget.ts';
import { sweepJob } from './jobs/sweep.ts';
import { Timetable } from './jobs/timetable.ts';
import { Worker } from './jobs/worker.ts';
import { systemClock } from './kernel/clock.ts';
import type { HostServices } from './kernel/host.ts';
import type { Plugin } from './kernel/plugin.ts';
import { Registry } from './kernel/registry.ts';
import type { ChangeFeed, Directory, UnitOfWork } from './kernel/stores/stores.ts';
import { compileDefinition } from './language/compile.ts';
import type { DefinitionSource } from './language/source.ts';
import { createConsent } from './runtime/consent.ts';
import { verify } from './runtime/verify.ts';

/*
 * The roof: the only file that opens db/ and scans plugins/. It makes one of each thing and hands them down. What is
 * started is stopped in the reverse order, also where a later start fails.
 */

/** How long a stopping process lets requests in hand go on, in ms. */
const GRACE = 8000;

/** Runs the command line. Resolves once the command has ended and nothing of it is left. */
export async function main(argv: readonly string[]): Promise<void> {
  process.exitCode = await runCli({ loadRegistry, definitionFolders, startPlatform, migrate: migrateOnly, rotateKeys, withShards, withDatasets }, argv);
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

/** An operator's work on datasets takes the whole platform, except its API and its clock. */
const withDatasets: Composition['withDatasets'] = async (settings, use) => {
  const started = new Started();
  try {
    const platform = await openPlatform(settings, started);
    const on = { queue: platform.queue, newWorker: () => newWorker(platform) };
    return await use(datasetOffice(platform), (ended) => carryOut(on, ended, GRACE));
  } finally {
    await started.stop();
  }
};

/** What is there before anybody is served. */
interface Opened {
  readonly db: Database;
  readonly logger: Logger;
  readonly changes: ChangeFeed;
  readonly directory: Directory;
  readonly work: UnitOfWork;
  readonly queue: RunQueue;
  readonly registry: Registry;
  readonly catalogue: Catalogue;
  readonly logs: Logs;
  readonly datasets: Datasets;
  readonly engine: Engine;
}

async function openPlatform(settings: Settings, started: Started): Promise<Opened> {
  await mkdir(settings.dataDir, { recursive: true });
  const logger = createLogger(settings.logLevel);
  const url = await databaseUrl(settings, started);
  await refused(migrate(url));
  const db = started.add(await openDatabase({ url, logger }), (open) => open.close());
  const changes = started.add(await openChangeFeed(url), (feed) => feed.close());
  const vault = new Vault(await refused(masterKeysOf(settings)));
  const registry = await loadRegistry();
  const records = directory(db, vault);
  const compile = (source: DefinitionSource): Compiled => compileDefinition(source, registry);
  const catalogue = await openCatalogue(definitionFolders(settings), compile, records, logger);
  const work = unitOfWork(db, vault, changes.tell);
  const on = { db, changes, registry, catalogue, work };
  const logs = started.add(await openLogPlatform(settings, on), (open) => open.close());
  const datasets = started.add(await openDatasetPlatform(settings, on), (open) => open.close());
  const connections = new CachedConnectionStore(new DatabaseConnectionStore(db, vault), changes);
  const services = { logs: logs.services, host: hostAt(settings, db), datasets: datasets.services };
  const engine = openEngine(settings, { registry, connections, services, events: logs.events, started });
  const queue = new RunQueue(db.engine);
  return { db, logger, changes, directory: records, work, queue, registry, catalogue, logs, datasets, engine };
}

async function compose(settings: Settings, role: PlatformOptions['role'], started: Started): Promise<Platform> {
  const platform = await openPlatform(settings, started);
  const rootKey = await rootKeyOf(settings);
  if (role !== 'api') await startWorker(platform, started);
  const serving = role === 'worker' ? undefined : await serve(settings, platform, rootKey.value, started);
  return { url: serving?.url, newRootKey: rootKey.made ? rootKey.value : undefined, close: () => started.stop() };
}

async function serve(settings: Settings, platform: Opened, rootKey: string, started: Started): Promise<{ url: string }> {
  const { db, engine, directory: records } = platform;
  const compatible = settings.compat && (await ensureTenant(platform, settings.compat));
  const server = createServer({
    ...platform,
    responses: responseLog(db),
    live: engine.connections,
    checkUrl: (url) => engine.http.checkUrl(url),
    verify: (plan, connection) => verify(plan, connection, engine),
    consent: createConsent(engine.authorizer, engine.app),
    stepTypes: engine.stepTypes,
    services: engine.services,
    clock: systemClock,
    rootKey,
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

/** What the platform's parts are opened on. */
type Ground = Pick<Opened, 'db' | 'changes' | 'registry' | 'catalogue' | 'work'>;

async function openLogPlatform(settings: Settings, { db, changes, registry, work }: Ground): Promise<Logs> {
  const servers = await refused(logServers(settings, db.url));
  const on = { work, directory: logDirectory(db), changes, clock: systemClock, stores: registry.logStores() };
  return refused(openLogs(on, servers));
}

async function openDatasetPlatform(settings: Settings, { db, registry, catalogue }: Ground): Promise<Datasets> {
  const on = {
    catalogue,
    operational: operationalStores(db.datasets),
    records: warehouseRecords(db.engine),
    directory: datasetDirectory(db),
    clock: systemClock,
    objectStores: registry.objectStores(),
    warehouses: registry.warehouses(),
    app: (definition: string) => settings.apps[definition] ?? {},
  };
  return refused(openDatasets(on, await datasetPlaces(settings)));
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

function newWorker({ queue, engine, catalogue, logger }: Opened): Worker {
  return new Worker({ queue, engine, plan: ({ hash }) => catalogue.planByHash(hash), log: logger });
}

async function startWorker(platform: Opened, started: Started): Promise<void> {
  const { db, queue, catalogue, directory: records, work, logs, datasets, logger } = platform;
  const worker = newWorker(platform);
  const environments = environmentDirectory(db);
  const jobs = [
    sweepJob(queue),
    forgetJob({ records, queue }),
    ...logJobs(logs, { catalogue, work, queue }),
    ...computeJobs({ environments, catalogue, queue }),
    ...datasetJobs({ datasets, work, queue }),
  ];
  const timetable = new Timetable(db.engine, jobs, logger);
  const wake = (): void => worker.wake();
  started.add(await openListener(db.url, { sluice_runs: wake }, wake), (open) => open.close());
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
