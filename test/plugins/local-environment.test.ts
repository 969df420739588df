import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { systemClock } from '../../core/kernel/clock.ts';
import { StepFault } from '../../core/kernel/errors.ts';
import { uuid7 } from '../../core/kernel/ids.ts';
import type { JsonObject } from '../../core/kernel/json.ts';
import type { StepType } from '../../core/kernel/plugin.ts';
import { Registry } from '../../core/kernel/registry.ts';
import type { Cursor, NewRun, RunError, RunState } from '../../core/kernel/runs.ts';
import { Worker } from '../../core/jobs/worker.ts';
import { compileDefinition } from '../../core/language/compile.ts';
import { formatFinding } from '../../core/language/source.ts';
import { createAuthorizer } from '../../core/runtime/auth.ts';
import { execute } from '../../core/runtime/execute.ts';
import type { EngineDeps } from '../../core/runtime/frame.ts';
import { createHttpClient } from '../../core/runtime/http/client.ts';
import { MemoryConnectionStore } from '../../core/runtime/memory/connection-store.ts';
import { undoOf } from '../../core/runtime/replay.ts';
import { runOf } from '../../core/runtime/run-of.ts';
import { openDatabase, type Database } from '../../db/open.ts';
import { RunQueue } from '../../db/stores/run-queue.ts';
import none from '../../plugins/none/index.ts';
import { inSession, testHost, type TestHost } from '../support/host.ts';
import { rejection } from '../support/rejection.ts';
import { eventually } from '../support/sluice-process.ts';
import { CREDENTIALS, DUCKDB, fileIn, LOCAL_STEPS } from './local-steps.ts';

interface RunRow {
  readonly id: string;
  readonly state: RunState;
  readonly cursor: Cursor;
  readonly outputs: JsonObject | null;
  readonly error: RunError | null;
}

const FILE = 'definitions/provisioners/local.yaml';
const YAML = readFileSync(new URL(`../../${FILE}`, import.meta.url), 'utf8');

describe('the provisioner "local", carried by the engine', () => {
  const registry = new Registry([none, ...LOCAL_STEPS]);
  const { plan, findings } = compileDefinition({ file: FILE, text: YAML }, registry);
  if (!plan) throw new Error(findings.map(formatFinding).join('\n'));
  const http = createHttpClient({ endpoints: {}, clock: systemClock });

  let at: TestHost;
  let db: Database;
  let queue: RunQueue;
  /** What stands in for a step type of this name. */
  const instead = new Map<string, StepType['run']>();
  before(async () => {
    at = await testHost();
    db = await openDatabase({ url: at.url });
    queue = new RunQueue(db.engine);
    await db.engine.query(
      `INSERT INTO definition_versions (hash, definition, version, kind, file, source) VALUES ($1, $2, $3, $4, $5, $6)`,
      [plan.hash, plan.id, plan.version, plan.kind, FILE, YAML],
    );
  });
  after(async () => {
    http.close();
    await db.close();
    await at.close();
  });

  let environment: string;
  beforeEach(() => {
    environment = uuid7();
    instead.clear();
  });

  const engine = () => {
    const connections = new MemoryConnectionStore(plan.id, {});
    const app = (): JsonObject => ({});
    const stepTypes = (name: string): StepType | undefined => {
      const type = registry.stepType(name);
      const run = instead.get(name);
      return type && run ? { ...type, run } : type;
    };
    const authorizer = createAuthorizer({ registry, connections, http, clock: systemClock, app });
    const events: EngineDeps['events'] = async () => [];
    return { clock: systemClock, random: () => 0, http, connections, authorizer, app, stepTypes, services: { host: at.host }, events };
  };

  /** A run of one of its pipelines, as the compute domain makes them. */
  const newRun = (pipeline: string, given: Partial<NewRun> = {}): NewRun => {
    const input = plan.pipelines.get('create')!.input.complete({}).value;
    return {
      ...runOf(plan, pipeline),
      tenantId: at.tenantId,
      id: uuid7(),
      kind: 'test',
      subject: 'test',
      input,
      context: { environment: { id: environment, name: 'mine', input, outputs: {}, steps: {} } },
      ...given,
    };
  };

  const rowOf = async (id: string): Promise<RunRow> =>
    (await db.engine.query<RunRow>('SELECT id, state, cursor, outputs, error FROM runs WHERE id = $1', [id])).rows[0]!;

  /** Carries a run to its end with a worker of its own. */
  const carried = async (run: NewRun): Promise<RunRow> => {
    await queue.enqueue([run]);
    return toEnd(run.id);
  };

  const toEnd = async (id: string): Promise<RunRow> => {
    const log = { warn() {}, error: (fields: object, message: string) => console.error(message, fields) };
    const worker = new Worker({ queue, engine: engine(), plan: async () => plan, log });
    await worker.start();
    try {
      return await eventually(`run ${id} ends`, async () => {
        const row = await rowOf(id);
        return ['succeeded', 'failed', 'cancelled', 'needs_review'].includes(row.state) && row;
      });
    } finally {
      await worker.drain(1000);
    }
  };

  const databaseUrl = async (): Promise<string> => {
    const text = await readFile(fileIn(at.host, environment, CREDENTIALS), 'utf8');
    return (JSON.parse(text) as { databaseUrl: string }).databaseUrl;
  };

  const expectNothingLeft = async (): Promise<void> => {
    expect(await at.host.databases.look(environment)).to.deep.equal({ role: 'missing', database: 'missing', bytes: 0 });
    expect(await readdir(at.folder)).to.not.include(environment);
    expect(await at.host.ports.find(at.tenantId, environment)).to.equal(undefined);
  };

  it('creates an environment that is used with its own credentials, and deletes it again', async () => {
    const made = await carried(newRun('create'));
    expect(made.state, made.error?.message).to.equal('succeeded');
    const folder = at.host.folderOf(environment);
    expect(made.outputs).to.deep.equal({
      databaseUrl: at.host.databases.urlOf(environment),
      folder,
      duckdbFile: `${folder}/${DUCKDB}`,
      port: await at.host.ports.find(at.tenantId, environment),
      credentialsFile: `${folder}/${CREDENTIALS}`,
    });
    const url = await databaseUrl();
    expect(await inSession(url, 'CREATE TABLE mine (n int)', 'SELECT count(*)::int AS n FROM mine')).to.deep.equal([{ n: 0 }]);

    const cursor = undoOf(made.cursor);
    const gone = await carried(newRun('create', { cursor }));
    expect(gone.state, gone.error?.message).to.equal('succeeded');
    await expectNothingLeft();
    expect(await rejection(inSession(url, 'SELECT 1'))).to.have.property('code', '28P01');
  });

  it('keeps the password out of the run table and the trace', async () => {
    const { id } = await carried(newRun('create'));
    const { password } = new URL(await databaseUrl());
    const rows = await db.engine.query<{ text: string }>(
      `SELECT r::text AS text FROM runs r WHERE id = $1 UNION ALL SELECT s::text FROM run_steps s WHERE run_id = $1`,
      [id],
    );
    expect(rows.rows.length).to.equal(7);
    for (const { text } of rows.rows) expect(text).to.not.contain(password);
  });

  it('takes over what a lost worker had made, and makes it once', async () => {
    const run = newRun('create');
    await queue.enqueue([run]);
    const ghost = uuid7();
    await queue.register({ id: ghost, host: 'elsewhere', pid: 1 });
    const [claimed] = await queue.claim(ghost, 1);
    const unrecorded = { ...engine(), checkpoint: async () => ({ cancelRequested: false }) };
    await execute(claimed!, plan, unrecorded, new AbortController().signal);
    const url = await databaseUrl();
    await inSession(url, 'CREATE TABLE mine (n int)');
    const port = await at.host.ports.find(at.tenantId, environment);

    const { beat } = (await queue.beats()).find(({ id }) => id === ghost)!;
    await queue.recover(new Map([[ghost, beat]]));
    const made = await toEnd(run.id);
    expect(made.state, made.error?.message).to.equal('succeeded');
    expect(made.outputs).to.include({ port });
    expect(await databaseUrl()).to.equal(url);
    expect(await inSession(url, 'SELECT count(*)::int AS n FROM mine')).to.deep.equal([{ n: 0 }]);
    expect((await readdir(at.host.folderOf(environment))).sort()).to.deep.equal([CREDENTIALS, DUCKDB]);
  });

  for (const [recorded, after] of ['folder', 'database', 'duckdb', 'port'].entries()) {
    it(`leaves nothing where its worker was killed after the step ${after} and it was then cancelled`, async () => {
      const run = newRun('create');
      await queue.enqueue([run]);
      const ghost = uuid7();
      await queue.register({ id: ghost, host: 'elsewhere', pid: 1 });
      const [claimed] = await queue.claim(ghost, 1);
      let intents = 0;
      // As after kill -9: what was recorded so far is there, and nothing is from here on.
      const checkpoint: EngineDeps['checkpoint'] = async (write) =>
        intents++ < recorded ? (await queue.write([write])).get(write.id) : undefined;
      await rejection(execute(claimed!, plan, { ...engine(), checkpoint }, new AbortController().signal));
      expect(await readdir(at.folder)).to.include(environment);

      await db.engine.query('UPDATE runs SET cancel_requested = true WHERE id = $1', [run.id]);
      const { beat } = (await queue.beats()).find(({ id }) => id === ghost)!;
      await queue.recover(new Map([[ghost, beat]]));
      const ended = await toEnd(run.id);
      expect([ended.state, ended.error?.code]).to.deep.equal(['cancelled', 'CANCELLED']);
      await expectNothingLeft();
    });
  }

  it('leaves nothing where it does not become ready, or a step breaks half way', async () => {
    const stop = async (): Promise<never> => {
      throw new StepFault('config', 'It is not to be.', { code: 'PROBE_FAILED' });
    };
    instead.set('probeEnvironment', stop);
    const unready = await carried(newRun('create'));
    expect([unready.state, unready.error?.code]).to.deep.equal(['failed', 'PROBE_FAILED']);
    expect(unready.cursor.effects?.map(({ step, state }) => `${step} ${state}`)).to.deep.equal(
      ['folder', 'database', 'duckdb', 'port', 'credentials'].map((step) => `${step} undone`),
    );
    await expectNothingLeft();

    instead.clear();
    instead.set('createDuckdb', stop);
    expect((await carried(newRun('create'))).state).to.equal('failed');
    await expectNothingLeft();
  });

  it('deletes what somebody has removed by hand already', async () => {
    const made = await carried(newRun('create'));
    await at.host.databases.drop(environment);
    const gone = await carried(newRun('create', { cursor: undoOf(made.cursor) }));
    expect(gone.state, gone.error?.message).to.equal('succeeded');
    await expectNothingLeft();
  });

  it('reads that all is well, that a quota is exceeded, that a part is missing', async () => {
    await carried(newRun('create'));
    const read = await carried(newRun('read'));
    expect(read.state, read.error?.message).to.equal('succeeded');

    const input = { ...plan.pipelines.get('create')!.input.complete({}).value, databaseQuota: 1024 };
    const context = { environment: { id: environment, name: 'mine', input, outputs: {}, steps: {} } };
    const over = await carried(newRun('read', { context }));
    expect(over.error).to.include({ kind: 'config', code: 'QUOTA_EXCEEDED' });
    expect(over.error?.message).to.match(/^The database takes [\d.]+ MiB, [\d.]+ MiB more than its quota of 1 KiB\.$/);

    await at.host.databases.drop(environment);
    const missing = await carried(newRun('read'));
    expect(missing.error).to.include({ kind: 'config', code: 'NOT_FOUND', message: 'Of the environment is missing: role, database.' });
  });
});
