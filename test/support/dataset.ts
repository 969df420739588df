import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDefinitions } from '../../core/cli/definition-files.ts';
import type { DatasetDeps } from '../../core/domains/datasets/deps.ts';
import { asPiece } from '../../core/domains/datasets/faults.ts';
import { landingOf } from '../../core/domains/datasets/keys.ts';
import { FileLoads } from '../../core/domains/datasets/loading/file-loads.ts';
import { receive, type Receipt } from '../../core/domains/datasets/loading/webhook/receive.ts';
import { datasetRun } from '../../core/domains/datasets/runs.ts';
import { buildPiece } from '../../core/domains/datasets/warehouse/build.ts';
import { exportPiece } from '../../core/domains/datasets/warehouse/export.ts';
import { modelColumns } from '../../core/domains/datasets/warehouse/model-columns.ts';
import { inputsOf } from '../../core/domains/datasets/warehouse/inputs.ts';
import { retirePiece } from '../../core/domains/datasets/warehouse/retire.ts';
import { systemClock } from '../../core/kernel/clock.ts';
import type { Column } from '../../core/kernel/columns.ts';
import { uuid7 } from '../../core/kernel/ids.ts';
import type { Json, JsonObject } from '../../core/kernel/json.ts';
import { ENDED, type ClaimedRun, type RunError, type RunState } from '../../core/kernel/runs.ts';
import type { BuildRequest, DatasetServices, DatasetWork } from '../../core/kernel/services.ts';
import type { DatasetRef, LoadCounts, OperationalStore } from '../../core/kernel/stores/operational.ts';
import type { CurrentPartition } from '../../core/kernel/stores/warehouse-records.ts';
import type { DatasetPlan } from '../../core/language/plan-dataset.ts';
import type { Plan } from '../../core/language/plan.ts';
import { formatFinding, type DefinitionSource } from '../../core/language/source.ts';
import { compileDefinition } from '../../core/language/compile.ts';
import type { Worker } from '../../core/jobs/worker.ts';
import { operationalStores } from '../../db/datasets/operational-stores.ts';
import type { Database } from '../../db/open.ts';
import { RunQueue } from '../../db/stores/run-queue.ts';
import { warehouseRecords } from '../../db/stores/warehouse-records.ts';
import duckdb from '../../plugins/duckdb/index.ts';
import folder from '../../plugins/folder/index.ts';
import { objectStoreOf } from '../plugins/object-store.contract.ts';
import { warehouseOf } from '../plugins/warehouse.contract.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import { registry, startDatasetWorker } from './dataset-worker.ts';
import { signed, SIGNING_SECRET } from './datasets.ts';
import { eventually } from './sluice-process.ts';

type Row = Readonly<Record<string, Json>>;
type Kind = 'nightly' | 'build' | 'retire';

export interface EndedRun {
  readonly id: string;
  readonly state: RunState;
  readonly outputs: JsonObject | null;
  readonly error: RunError | null;
}

/** A definition of the bundled ones. */
export function commerce(): DefinitionSource {
  return readDefinitions(['definitions/datasets/commerce.yaml']).sources[0]!;
}

/**
 * Datasets on a real PostgreSQL, objects in a folder and DuckDB, with a worker of the engine. The dataset's clock stands
 * where a test puts it, and loads are given the times that they are to have been committed at.
 */
export class DatasetStand {
  readonly db: Database;
  readonly deps: DatasetDeps;
  readonly queue: RunQueue;
  #plan: Plan;
  #ref!: DatasetRef;
  #now = Date.now();
  #files = 0;
  #worker: Worker | undefined;
  #claimant: string | undefined;
  readonly #loads: FileLoads;
  readonly #place: string;
  readonly #drop: () => Promise<void>;

  private constructor(plan: Plan, { db, drop }: TestDatabase, place: string) {
    this.#plan = plan;
    this.db = db;
    this.#drop = drop;
    this.#place = place;
    this.queue = new RunQueue(db.engine);
    const objects = objectStoreOf(folder).open(join(place, 'objects'));
    this.deps = {
      catalogue: { plan: () => this.#plan, planByHash: async () => this.#plan },
      operational: operationalStores(db.datasets),
      records: warehouseRecords(db.engine),
      objects,
      warehouse: warehouseOf(duckdb).open('duckdb:?memory=256MB&threads=2', {
        objects,
        scratch: join(place, 'scratch'),
      }),
      clock: { ...systemClock, now: () => this.#now },
    };
    this.#loads = new FileLoads(this.deps);
  }

  static async open(source: DefinitionSource): Promise<DatasetStand> {
    const plan = compiled(source);
    const place = await mkdtemp(join(tmpdir(), 'sluice-test-'));
    await mkdir(join(place, 'objects'));
    const stand = new DatasetStand(plan, await testDatabase(), place);
    await stand.use(plan);
    return stand;
  }

  get plan(): Plan {
    return this.#plan;
  }

  get dataset(): DatasetPlan {
    return this.#plan.dataset!;
  }

  /** Goes by another definition from here on. */
  async use(plan: Plan): Promise<void> {
    await this.db.engine.query(
      `INSERT INTO definition_versions (hash, definition, version, kind, file, source) VALUES ($1, $2, $3, 'dataset', 'f', '')
       ON CONFLICT DO NOTHING`,
      [plan.hash, plan.id, plan.version],
    );
    this.#plan = plan;
  }

  get ref(): DatasetRef {
    return this.#ref;
  }

  /** A tenant of its own that turned the dataset on at this time. */
  async turnOn(at: string): Promise<void> {
    const tenantId = uuid7();
    await this.db.engine.query(
      `INSERT INTO tenants (id, name, data_key, master_key_id) VALUES ($1, 'Acme', '', '')`,
      [tenantId],
    );
    await this.db.engine.query('INSERT INTO datasets (tenant_id, id, created_at) VALUES ($1, $2, $3)', [
      tenantId,
      this.plan.id,
      at,
    ]);
    this.#ref = { tenantId, id: this.plan.id };
  }

  store(): Promise<OperationalStore> {
    return this.deps.operational.open(this.#ref, this.dataset.tables);
  }

  /** Puts the dataset's clock to this time. */
  now(at: string): void {
    this.#now = Date.parse(at);
  }

  /** Takes rows of a source in, as a file that was committed at this time. */
  async load(source: string, at: string, ...rows: readonly Row[]): Promise<LoadCounts> {
    const { kind, columns } = this.dataset.sources.find(({ name }) => name === source)!;
    const store = await this.store();
    const object = `${source}/${at}/${String(++this.#files).padStart(6, '0')}.csv`;
    const counts = await store.load(
      {
        kind: kind === 'webhook' ? 'message' : 'file',
        source,
        object,
        etag: 'x',
        definitionHash: this.plan.hash,
        eventTime: Date.parse(at),
      },
      { columns, text: copyText(columns, rows), quarantined: () => ({ count: 0, rows: [] }) },
    );
    if (counts === 'known') throw new Error(`${object} is known.`);
    await this.db.engine.query(
      'UPDATE dataset_loads SET loaded_at = $3 WHERE tenant_id = $1 AND object = $2',
      [this.#ref.tenantId, object, at],
    );
    return counts;
  }

  /** Puts a file below the landing folder. @param key as a source's prefix says it */
  async drop(key: string, content: string): Promise<void> {
    await this.deps.objects.put(landingOf(this.#ref) + key, Buffer.from(content));
  }

  /** Takes in what has landed, as one run does. @returns how many files it took */
  async loadFiles(): Promise<number> {
    const work = this.work(uuid7());
    let files = 0;
    for (let done = false; !done;) {
      const piece = await this.services.load(work);
      files += piece.files;
      done = piece.done;
    }
    return files;
  }

  /** Takes in a message of a webhook at the moment at which it is signed, ms since the epoch. */
  message(
    source: string,
    { id, body, sentAt }: { readonly id: string; readonly body: string; readonly sentAt: number },
  ): Promise<Receipt> {
    const { tenantId } = this.#ref;
    const config = { signingSecret: SIGNING_SECRET };
    const connection = {
      tenantId,
      id: uuid7(),
      name: 'Shop',
      definition: this.#plan.id,
      state: 'active',
      config,
      version: 1,
    } as const;
    const headers = signed(id, body, SIGNING_SECRET, new Date(sentAt));
    return receive(
      { ...this.deps, clock: { ...systemClock, now: () => sentAt }, app: () => ({}) },
      { tenant: { id: tenantId, name: 'Acme' }, connection, source },
      { url: 'https://sluice.test/hooks', query: {}, headers, rawBody: Buffer.from(body) },
    );
  }

  /** Sees to it that what no export has taken counts as committed at this time. */
  async committedAt(at: string): Promise<void> {
    await this.db.engine.query(
      'UPDATE dataset_loads SET loaded_at = $2 WHERE tenant_id = $1 AND export_id IS NULL',
      [this.#ref.tenantId, at],
    );
  }

  /** Carries a run to its end by a worker. */
  async run(kind: Kind, input: JsonObject = {}): Promise<EndedRun> {
    this.#worker ??= await startDatasetWorker(this.queue, () => this.#plan, this.services);
    const id = await this.enqueue(kind, input);
    this.#worker.wake();
    return eventually(`the ${kind} ends`, async () => {
      const found = await this.look(id);
      return ENDED.includes(found.state) && found;
    });
  }

  /** The run of a night: what was committed up to its day is exported, and what that touches is built. */
  async night(date: string): Promise<void> {
    await this.#carry('nightly', date, { date });
  }

  /** The run that a person asks for: all there is is exported and built, and days again. */
  async build(days: Pick<BuildRequest, 'from' | 'to'> = {}): Promise<void> {
    await this.#carry('build', undefined, days);
  }

  /** Does what the steps of a run do, without an engine in between, and ends the run as the engine does. */
  async #carry(kind: 'nightly' | 'build', date: string | undefined, what: BuildRequest): Promise<void> {
    const run = await this.claimed(kind);
    const work = this.work(run.id);
    try {
      while (!(await this.services.export(work, date)).done);
      while (!(await this.services.build(work, what)).done);
    } catch (error) {
      await this.end(run, 'failed');
      throw error;
    }
    await this.end(run, 'succeeded');
    await this.db.engine.query(
      'UPDATE dataset_exports SET committed_at = $3 WHERE tenant_id = $1 AND run_id = $2',
      [this.#ref.tenantId, run.id, new Date(this.#now)],
    );
  }

  async retire(): Promise<void> {
    const work = this.work(uuid7());
    while (!(await this.services.retire(work)).done);
  }

  /** A run in the hands of a worker that never ends it by itself. */
  async claimed(kind: Kind): Promise<ClaimedRun> {
    const id = await this.enqueue(kind);
    if (this.#claimant === undefined) {
      this.#claimant = crypto.randomUUID();
      await this.queue.register({ id: this.#claimant, host: 'test', pid: 1 });
    }
    return (await this.queue.claim(this.#claimant, 100)).find((run) => run.id === id)!;
  }

  async end({ tenantId, id, kind, leaseEpoch, cursor, attempt }: ClaimedRun, state: RunState): Promise<void> {
    await this.queue.write([{ tenantId, id, kind, leaseEpoch, cursor, attempt, state, trace: [] }]);
  }

  async enqueue(kind: Kind, input: JsonObject = {}): Promise<string> {
    const dataset = {
      ...this.#ref,
      connectionId: uuid7(),
      exportedThrough: undefined,
      createdAt: new Date(),
    };
    const run = { ...datasetRun(this.plan, dataset, kind, input), input };
    await this.queue.enqueue([run]);
    return run.id;
  }

  async look(id: string): Promise<EndedRun> {
    const { rows } = await this.db.engine.query<EndedRun>(
      'SELECT id, state, outputs, error FROM runs WHERE id = $1',
      [id],
    );
    return rows[0]!;
  }

  /** What a step of this run would be given. */
  work(runId: string): DatasetWork {
    const { id, version, hash } = this.plan;
    return {
      tenantId: this.#ref.tenantId,
      dataset: id,
      definition: { id, version, hash },
      runId,
      signal: new AbortController().signal,
    };
  }

  get services(): DatasetServices {
    const { deps } = this;
    return {
      load: (work) => asPiece(() => this.#loads.load(work)),
      export: (work, date) => asPiece(() => exportPiece(deps, work, date)),
      build: (work, what) => asPiece(() => buildPiece(deps, work, what)),
      retire: (work) => asPiece(() => retirePiece(deps, work)),
    };
  }

  current(...tables: readonly string[]): Promise<readonly CurrentPartition[]> {
    return this.deps.records.current(this.#ref, tables.length > 0 ? tables : undefined);
  }

  /** Partitions of a table, and how many rows each holds. */
  async partitions(table: string): Promise<Readonly<Record<string, number>>> {
    return Object.fromEntries((await this.current(table)).map(({ partition, rows }) => [partition, rows]));
  }

  /** Asks tables and models as they are now. */
  async ask(sql: string): Promise<readonly (readonly Json[])[]> {
    const { warehouse, models } = this.dataset;
    const names = [...warehouse, ...models].map(({ name }) => name);
    const columns = await modelColumns(this.deps.warehouse, this.dataset);
    const inputs = inputsOf(this.dataset, columns, names, await this.current());
    return (await this.deps.warehouse.query(inputs, { sql }, { maxRows: 100_000, timeoutMs: 20_000 })).rows;
  }

  async marks(): Promise<readonly string[]> {
    return (await this.deps.records.marks(this.#ref)).map(({ table, partition }) => `${table} ${partition}`);
  }

  async close(): Promise<void> {
    await this.#worker?.drain(1000);
    await this.deps.warehouse.close();
    await this.deps.objects.close();
    await this.#drop();
    await rm(this.#place, { recursive: true, force: true });
  }
}

/** @throws Error with what is wrong with it */
export function compiled(source: DefinitionSource): Plan {
  const { plan, findings } = compileDefinition(source, registry);
  if (!plan?.dataset) throw new Error(findings.map(formatFinding).join('\n'));
  return plan;
}

/** Rows as the operational store takes them in: PostgreSQL's text format, the line in front. */
async function* copyText(columns: readonly Column[], rows: readonly Row[]): AsyncGenerator<string> {
  for (const [index, row] of rows.entries()) {
    const fields = columns.map(({ name }) => copyField(row[name] ?? null));
    yield `${[index + 2, ...fields].join('\t')}\n`;
  }
}

function copyField(value: Json): string {
  if (value === null) return '\\N';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
