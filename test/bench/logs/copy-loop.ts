import pg from 'pg';
import { CopyIn } from '../../../plugins/postgres/copy-in.ts';
import { inParallel } from '../in-parallel.ts';
import { COLUMNS, eventsFrom, rowOf } from './events.ts';
import { serveRounds } from './round.ts';

/* The quickest way into PostgreSQL: four connections, each sending one COPY of 1,000 rows after the other, each committed by itself. */
const { POSTGRES_URL: connectionString = '', POSTGRES_TABLE: tableName = '' } = process.env;
const CONNECTIONS = 4;
const BATCH = 1000;

const batches = Array.from({ length: 20 }, (_, i) => eventsFrom(i * BATCH, BATCH).map(rowOf));
const clients = await Promise.all(
  Array.from({ length: CONNECTIONS }, async () => {
    const client = new pg.Client({ connectionString });
    await client.connect();
    return client;
  }),
);
const sql = `COPY ${tableName} (${['id', '_time', ...COLUMNS].map((name) => `"${name}"`).join(', ')}) FROM STDIN`;
let id = 0;

function textOf(rows: readonly (readonly (string | number | boolean)[])[]): string {
  const now = new Date().toISOString().slice(0, -1);
  let text = '';
  for (const row of rows) text += `${++id}\t${now}\t${row.join('\t')}\n`;
  return text;
}

serveRounds((count) =>
  inParallel(count, CONNECTIONS, async (place, worker) => {
    const text = textOf(batches[place % batches.length]!);
    await new Promise<void>((settle, fail) => {
      clients[worker]!.query(new CopyIn(sql, [text], settle, fail));
    });
  }),
);
