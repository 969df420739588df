import type { AddressInfo } from 'node:net';
import express from 'express';
import got from 'got';
import { run, runMigrations, type TaskList } from 'graphile-worker';
import { Agent } from 'node:http';
import pg from 'pg';

/*
 * What one would write by hand for the same durable work: express takes the response, one transaction holds it and
 * its job, graphile-worker runs the job, got delivers, a row records the result.
 */
const { DATABASE_URL: connectionString, VENDOR_URL: vendor } = process.env as Record<string, string>;
const pool = new pg.Pool({ connectionString, max: 20 });
await runMigrations({ pgPool: pool });
await pool.query(`
  CREATE TABLE IF NOT EXISTS responses (id uuid PRIMARY KEY, answers jsonb NOT NULL, created_at timestamptz DEFAULT now());
  CREATE TABLE IF NOT EXISTS results (response_id uuid, status int, body json, at timestamptz DEFAULT now())`);

const client = got.extend({ agent: { http: new Agent({ keepAlive: true }) }, retry: { limit: 0 } });
const taskList: TaskList = {
  async deliver(payload) {
    const { responseId, answers } = payload as { responseId: string; answers: { id: string; name: string } };
    const answer = await client.post(`${vendor}/messages`, {
      json: { id: answers.id, text: `Hello ${answers.name}` },
      headers: { 'idempotency-key': responseId },
    });
    await pool.query('INSERT INTO results (response_id, status, body) VALUES ($1, $2, $3)', [
      responseId,
      answer.statusCode,
      answer.body,
    ]);
  },
};
await run({ pgPool: pool, taskList, concurrency: 64, pollInterval: 1000, noHandleSignals: true });

const app = express();
app.use(express.json());
app.post('/responses', async (request, response) => {
  const { answers } = request.body as { answers: { id: unknown; name: unknown } };
  if (typeof answers?.id !== 'string' || typeof answers.name !== 'string') return void response.status(422).end();
  const id = crypto.randomUUID();
  const db = await pool.connect();
  try {
    await db.query('BEGIN');
    await db.query('INSERT INTO responses (id, answers) VALUES ($1, $2)', [id, JSON.stringify(answers)]);
    await db.query(`SELECT graphile_worker.add_job('deliver', $1::json)`, [JSON.stringify({ responseId: id, answers })]);
    await db.query('COMMIT');
  } catch (error) {
    await db.query('ROLLBACK');
    throw error;
  } finally {
    db.release();
  }
  response.status(201).json({ id });
});
const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.on('SIGTERM', () => process.exit(0));
