import { setTimeout as pause } from 'node:timers/promises';
import { LogStoreError, type LogColumn, type ShardTenant } from '../../core/sdk.ts';
import { COLUMN_TYPES } from './column-types.ts';
import { errorNumber } from './faults.ts';
import { quote } from './literal.ts';
import { namesOf, quoted } from './names.ts';
import type { Facts, Server } from './server.ts';
import type { Session } from './session.ts';

/** A table that must be copied to get a column takes its time. */
const COPYING = 600_000;
const ATTEMPTS = 12;

const DUPLICATE_COLUMN = 1060;
const LOCK_WAIT = 1205;
const DEADLOCK = 1213;

/**
 * Makes the table, adds the columns it lacks and raises the fence to `epoch`.
 * @throws LogStoreError `refused` where a column is there with another type, `locked` where others kept the table.
 */
export async function ensureTable(
  server: Server,
  tenant: ShardTenant,
  family: string,
  columns: readonly LogColumn[],
  epoch: number,
): Promise<void> {
  const { database } = namesOf(tenant);
  const facts = await server.facts();
  await server.administer(async (session) => {
    for (let attempt = 1; ; attempt++) {
      try {
        await bringUpToDate(session, facts, database, family, columns);
        await raiseFence(session, database, family, epoch);
        return;
      } catch (error) {
        const number = errorNumber(error);
        // Another process added the column first: what is missing now is read again.
        const again = number === DUPLICATE_COLUMN || number === LOCK_WAIT || number === DEADLOCK;
        if (!again || attempt === ATTEMPTS) throw error;
        // Between two tries the inserts that queued up behind the ALTER go through.
        if (number !== DUPLICATE_COLUMN) await pause(Math.random() * Math.min(2000, 50 * 2 ** attempt));
      }
    }
  });
}

async function bringUpToDate(
  session: Session,
  facts: Facts,
  database: string,
  family: string,
  columns: readonly LogColumn[],
): Promise<void> {
  const table = `\`${database}\`.${quoted(family)}`;
  let kept = await readColumns(session, database, family);
  if (kept.size === 0) {
    await session.run(createTable(table, columns, facts));
    // Another process may have made it meanwhile, with columns of its own.
    kept = await readColumns(session, database, family);
  }
  const missing = columns.filter(({ name }) => !kept.has(name.toLowerCase()));
  for (const column of columns) refuseOtherType(family, column, kept.get(column.name.toLowerCase()));
  if (missing.length > 0) await addColumns(session, table, missing);
}

/** Types by column name in lower case, as the server compares names; empty where there is no table. */
async function readColumns(session: Session, database: string, family: string): Promise<Map<string, string>> {
  const { rows } = await session.run(
    'SELECT column_name, data_type FROM information_schema.columns ' +
      `WHERE table_schema = '${database}' AND table_name = ${quote(family)}`,
  );
  return new Map(rows.map(([name, type]) => [String(name).toLowerCase(), String(type)]));
}

function refuseOtherType(family: string, { name, type }: LogColumn, kept: string | undefined): void {
  if (kept === undefined || kept === COLUMN_TYPES[type].kept) return;
  const known = Object.entries(COLUMN_TYPES).find(([, other]) => other.kept === kept)?.[0] ?? kept;
  throw new LogStoreError(
    'refused',
    `Column ${name} of ${family} is of type ${known}; it cannot be ${type} too.`,
  );
}

function createTable(
  table: string,
  columns: readonly LogColumn[],
  { collation, hidesColumns }: Facts,
): string {
  const parts = [
    'id BIGINT NOT NULL PRIMARY KEY',
    // A hidden column needs a default on MariaDB.
    `_time DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)${hidesColumns ? ' INVISIBLE' : ''}`,
    ...columns.map(definition),
    'INDEX _time (_time)',
  ];
  const options = `ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET utf8mb4 COLLATE ${collation}`;
  return `CREATE TABLE IF NOT EXISTS ${table} (${parts.join(', ')}) ${options}`;
}

function definition({ name, type }: LogColumn): string {
  return `${quoted(name)} ${COLUMN_TYPES[type].ddl} NULL`;
}

/** Ways to alter from the best to the surest: a note in the dictionary, a rebuild beside writers, a copy. */
const WAYS = [', ALGORITHM=INSTANT', ', ALGORITHM=INPLACE, LOCK=NONE', ''];

/**
 * This way is not open: unsupported (1845, 1846), for example by the table's row format; MySQL's 64 versions of a row
 * are spent (4092).
 */
const NOT_THIS_WAY = new Set([1845, 1846, 4092]);

async function addColumns(session: Session, table: string, columns: readonly LogColumn[]): Promise<void> {
  const change = `ALTER TABLE ${table} ${columns.map((column) => `ADD COLUMN ${definition(column)}`).join(', ')}`;
  for (const way of WAYS) {
    try {
      await session.run(`${change}${way}`, COPYING);
      return;
    } catch (error) {
      if (!NOT_THIS_WAY.has(errorNumber(error) ?? 0) || way === '') throw error;
    }
  }
}

async function raiseFence(session: Session, database: string, family: string, epoch: number): Promise<void> {
  await session.run(
    `INSERT INTO \`${database}\`._fence (family, epoch) VALUES (${quote(family)}, ${BigInt(epoch)}) ` +
      'ON DUPLICATE KEY UPDATE epoch = GREATEST(epoch, VALUES(epoch))',
  );
}
