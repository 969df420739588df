import type { AddressInfo } from 'node:net';
import express from 'express';
import mysql from 'mysql2/promise';
import { COLUMNS, rowOf, type Event } from './events.ts';

/* What one would write by hand to store events: a route that inserts what a request brings, through a pool. */
const { MYSQL_URL: uri = '', MYSQL_TABLE: tableName = '' } = process.env;
const pool = mysql.createPool({ uri, timezone: 'Z', connectionLimit: 10 });
const names = ['id', '_time', ...COLUMNS];
const sql = `INSERT INTO ${tableName} (${names.map((name) => `\`${name}\``).join(',')}) VALUES (${names.map(() => '?').join(',')})`;
let id = 0;

const app = express();
app.use(express.json());
app.post('/api/log', async (request, response) => {
  const { logs } = request.body as { logs: Event[] };
  await pool.execute(sql, [++id, new Date(), ...rowOf(logs[0]!)]);
  response.json({});
});
const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.on('SIGTERM', () => process.exit(0));
