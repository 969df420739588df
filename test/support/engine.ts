import type { PoolClient } from 'pg';
import { systemClock } from '../../core/kernel/clock.ts';
import { uuid7 } from '../../core/kernel/ids.ts';
import type { JsonObject } from '../../core/kernel/json.ts';
import type { Plugin } from '../../core/kernel/plugin.ts';
import { Registry } from '../../core/kernel/registry.ts';
import type { ClaimedRun, Cursor, NewRun, RunError, RunState } from '../../core/kernel/runs.ts';
import { compileDefinition } from '../../core/language/compile.ts';
import type { Plan } from '../../core/language/plan.ts';
import { formatFinding } from '../../core/language/source.ts';
import { Worker, type WorkerOptions } from '../../core/jobs/worker.ts';
import { createAuthorizer } from '../../core/runtime/auth.ts';
import { execute } from '../../core/runtime/execute.ts';
import { runOf } from '../../core/runtime/run-of.ts';
import { createHttpClient } from '../../core/runtime/http/client.ts';
import { MemoryConnectionStore } from '../../core/runtime/memory/connection-store.ts';
import { RunQueue } from '../../db/stores/run-queue.ts';
import bearer from '../../plugins/bearer/index.ts';
import none from '../../plugins/none/index.ts';
import { testDatabase } from './database.ts';
import { eventually } from './sluice-process.ts';

const PLUGINS: readonly Plugin[] = [none, bearer];

/** The engine on a real run table, with workers that a test starts, loses and stops. One connection, in memory. */
export interface TestEngine {
  readonly queue: RunQueue;
  readonly connection: MemoryConnectionStore;
  readonly plan: Plan;
  readonly tenantId: string;
  /** Enqueues a run of an action, or of a pipeline by its whole name. */
  submit(action: string, input?: JsonObject, more?: Partial<NewRun>): Promise<string>;
  worker(): Promise<Worker>;
  /** Claims the due runs as a worker that never beats, and so is taken for dead by `bury`. */
  ghostClaim(): Promise<{ id: string; runs: ClaimedRun[] }>;
  /** Carries a claimed run to its result without recording it: a crash after the answer. */
  carryUnrecorded(run: ClaimedRun): Promise<void>;
  bury(workerId: string): Promise<void>;
  row(runId: string): Promise<RunRow>;
  /** The run once it is in one of these states. */
  settled(runId: string, ...states: RunState[]): Promise<RunRow>;
  trace(runId: string): Promise<{ step: string; attempt: number; state: string; rule: string | null; wait_ms: number | null }[]>;
  /** Runs `work` in one transaction of the engine's role. */
  inTransaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T>;
  /** Tells the workers that something is due, as a notification does. */
  wake(): void;
  close(): Promise<void>;
}

export interface RunRow {
  readonly state: RunState;
  readonly attempt: number;
  readonly cursor: Cursor;
  readonly outputs: JsonObject | null;
  readonly error: RunError | null;
}

/**
 * @param endpoints where the origins of the definition really are
 * @param config what the connection is filled in with
 */
export async function testEngine(
  yaml: string,
  endpoints: Readonly<Record<string, string>>,
  plugins: readonly Plugin[] = PLUGINS,
  config: JsonObject = { token: 'secret-token-1' },
): Promise<TestEngine> {
  const registry = new Registry(plugins);
  const [, id = 'vendor'] = /^id: (\S+)$/m.exec(yaml) ?? [];
  const { plan, findings } = compileDefinition({ file: `${id}.yaml`, text: yaml }, registry);
  if (!plan) throw new Error(findings.map(formatFinding).join('\n'));
  const { db, drop } = await testDatabase();
  const queue = new RunQueue(db.engine);
  const tenantId = uuid7();
  await db.engine.query(`INSERT INTO tenants (id, name, data_key, master_key_id) VALUES ($1, 'Acme', '', '')`, [tenantId]);
  await db.engine.query(
    `INSERT INTO definition_versions (hash, definition, version, kind, file, source) VALUES ($1, $2, $3, $4, 'f', $5)`,
    [plan.hash, plan.id, plan.version, plan.kind, yaml],
  );
  const connection = new MemoryConnectionStore(plan.id, config);
  const http = createHttpClient({ endpoints, clock: systemClock });
  const authorizer = createAuthorizer({ registry, connections: connection, http, clock: systemClock, app: () => ({}) });
  const engine = { clock: systemClock, random: Math.random, http, authorizer, connections: connection, app: () => ({}), stepTypes: (name: string) => registry.stepType(name), services: {}, events: async () => [] };
  const log = { warn() {}, error: (fields: object, message: string) => console.error(message, fields) };
  const options: WorkerOptions = { queue, engine, plan: async () => plan, log };
  const workers: Worker[] = [];
  const row = async (runId: string): Promise<RunRow> => {
    const { rows } = await db.engine.query<RunRow>(
      'SELECT state, attempt, cursor, outputs, error FROM runs WHERE id = $1',
      [runId],
    );
    return rows[0]!;
  };
  return {
    queue,
    connection,
    plan,
    tenantId,
    async submit(action, given = {}, more = {}) {
      const id = uuid7();
      const pipeline = plan.pipelines.has(action) ? action : `actions/${action}`;
      const input = plan.pipelines.get(pipeline)!.input.complete(given).value;
      const context = { environment: { id, name: 'test', input, outputs: {}, steps: {} } };
      await queue.enqueue([
        { tenantId, id, kind: 'action', ...runOf(plan, pipeline), subject: 'test', connectionId: uuid7(), input, context, ...more },
      ]);
      workers.forEach((worker) => worker.wake());
      return id;
    },
    async worker() {
      const worker = new Worker(options);
      workers.push(worker);
      await worker.start();
      return worker;
    },
    async ghostClaim() {
      const id = uuid7();
      await queue.register({ id, host: 'ghost', pid: 1 });
      return { id, runs: await queue.claim(id, 100) };
    },
    async carryUnrecorded(run) {
      await execute(run, plan, { ...engine, checkpoint: async (write) => (await queue.write([write])).get(write.id) }, new AbortController().signal);
    },
    async bury(workerId) {
      const { beat } = (await queue.beats()).find(({ id }) => id === workerId)!;
      await queue.recover(new Map([[workerId, beat]]));
      workers.forEach((worker) => worker.wake());
    },
    row,
    settled: (runId, ...states) =>
      eventually(`run ${runId} becomes ${states.join(' or ')}`, async () => {
        const found = await row(runId);
        const ended = ['succeeded', 'failed', 'needs_review', 'cancelled'].includes(found.state);
        if (ended && !states.includes(found.state)) throw new Error(`The run ended ${found.state}: ${found.error?.message}`);
        return states.includes(found.state) && found;
      }),
    async trace(runId) {
      const { rows } = await db.engine.query(
        'SELECT step, attempt, state, rule, wait_ms FROM run_steps WHERE run_id = $1 ORDER BY seq',
        [runId],
      );
      return rows;
    },
    async inTransaction(work) {
      const client = await db.engine.connect();
      try {
        await client.query('BEGIN');
        const result = await work(client);
        await client.query('COMMIT');
        return result;
      } finally {
        client.release();
      }
    },
    wake: () => workers.forEach((worker) => worker.wake()),
    async close() {
      await Promise.all(workers.map((worker) => worker.drain(1000)));
      http.close();
      await drop();
    },
  };
}
