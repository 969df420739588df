import mysql from 'mysql2/promise';
import { inParallel } from '../in-parallel.ts';
import { COLUMNS, eventsFrom, rowOf } from './events.ts';
import { serveRounds } from './round.ts';

/*
 * What one would write by hand to fill a table quickly: four connections, each sending one multi-row INSERT of 1,000 rows after
 * the other, each committed by itself.
 */
const { MYSQL_URL: uri = '', MYSQL_TABLE: tableName = '' } = process.env;
const CONNECTIONS = 4;
const BATCH = 1000;

const batches = Array.from({ length: 20 }, (_, i) => eventsFrom(i * BATCH, BATCH).map(rowOf));
const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => mysql.createConnection({ uri, timezone: 'Z' })));
const sql = `INSERT INTO ${tableName} (${['id', '_time', ...COLUMNS].map((name) => `\`${name}\``).join(',')}) VALUES ?`;
let id = 0;

serveRounds((count) =>
  inParallel(count, CONNECTIONS, async (place, worker) => {
    const now = new Date();
    const rows = batches[place % batches.length]!.map((row) => [++id, now, ...row]);
    await connections[worker]!.query(sql, [rows]);
  }),
);
