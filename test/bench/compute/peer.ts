import type { AddressInfo } from 'node:net';
import express from 'express';
import pg from 'pg';

/* The least that a route can do to take a wish durably: one row, and nothing that comes of it. */
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 10 });
await pool.query(`
  CREATE TABLE IF NOT EXISTS environments (
    id uuid PRIMARY KEY, name text NOT NULL, input jsonb NOT NULL, state text NOT NULL, created_at timestamptz NOT NULL DEFAULT now()
  )`);

const app = express();
app.use(express.json());
app.post('/environments', async (request, response) => {
  const { name, input } = request.body as { name: string; input: object };
  const id = crypto.randomUUID();
  const row = [id, name, input, 'CREATING'];
  await pool.query('INSERT INTO environments (id, name, input, state) VALUES ($1, $2, $3, $4)', row);
  response.status(202).json({ id, name, input, state: 'CREATING' });
});
const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.on('SIGTERM', () => process.exit(0));
