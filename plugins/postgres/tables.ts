import { setTimeout as pause } from 'node:timers/promises';
import { LogStoreError, type LogColumn, type ShardTenant } from '../../core/sdk.ts';
import { COLUMN_TYPES } from './column-types.ts';
import { isLocked } from './faults.ts';
import { familyLock, namesOf, quoted, type TenantNames } from './names.ts';
import type { Server } from './server.ts';
import type { Session } from './session.ts';
import { transaction } from './transaction.ts';

const ATTEMPTS = 12;

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
  const names = namesOf(tenant);
  const change = async (session: Session): Promise<void> => {
    if (await isUpToDate(session, names, family, columns, epoch)) return;
    const work = (): Promise<void> => bringUpToDate(session, names, family, columns, epoch);
    // A waiting ALTER keeps every later insert waiting behind it.
    await transaction(session, work, { begin: "BEGIN; SET LOCAL lock_timeout = '1s'" });
  };
  await server.administer(async (session) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await change(session);
      } catch (error) {
        if (!isLocked(error) || attempt === ATTEMPTS) throw error;
        // Between two tries the inserts that queued up behind the ALTER go through.
        await pause(Math.random() * Math.min(2000, 50 * 2 ** attempt));
      }
    }
  });
}

/** Looks without taking any lock, since that is the answer nearly always. */
async function isUpToDate(
  session: Session,
  { schema }: TenantNames,
  family: string,
  columns: readonly LogColumn[],
  epoch: number,
): Promise<boolean> {
  const kept = await readColumns(session, schema, family);
  const fence = await session.run(`SELECT epoch FROM "${schema}"._fence WHERE family = $1`, [family]);
  const raised = Number(fence.rows[0]?.[0] ?? -1) >= epoch;
  return raised && kept.size > 0 && missingOf(family, kept, columns).length === 0;
}

async function bringUpToDate(
  session: Session,
  { schema, readOnly, readWrite }: TenantNames,
  family: string,
  columns: readonly LogColumn[],
  epoch: number,
): Promise<void> {
  const table = `"${schema}".${quoted(family)}`;
  await session.send(familyLock(schema, family, 'exclusive'));
  const kept = await readColumns(session, schema, family);
  if (kept.size === 0) {
    const parts = ['id bigint PRIMARY KEY', '_time timestamp(6) NOT NULL', ...columns.map(definition)];
    await session.send(
      `CREATE TABLE ${table} (${parts.join(', ')}); CREATE INDEX ON ${table} (_time); ` +
        `GRANT SELECT ON ${table} TO "${readOnly}"; GRANT SELECT, INSERT, DELETE ON ${table} TO "${readWrite}"`,
    );
  } else {
    const missing = missingOf(family, kept, columns);
    const added = missing.map((column) => `ADD COLUMN ${definition(column)}`);
    if (added.length > 0) await session.send(`ALTER TABLE ${table} ${added.join(', ')}`);
  }
  await session.run(
    `INSERT INTO "${schema}"._fence AS fence VALUES ($1, $2) ` +
      'ON CONFLICT (family) DO UPDATE SET epoch = GREATEST(fence.epoch, excluded.epoch)',
    [family, epoch],
  );
}

/** Types by column name; empty where there is no table. */
async function readColumns(session: Session, schema: string, family: string): Promise<Map<string, string>> {
  const { rows } = await session.run(
    'SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid ' +
      'WHERE relnamespace = to_regnamespace($1) AND relname = $2 AND attnum > 0 AND NOT attisdropped',
    [schema, family],
  );
  return new Map(rows.map(([name, type]) => [String(name), String(type)]));
}

function missingOf(
  family: string,
  kept: ReadonlyMap<string, string>,
  columns: readonly LogColumn[],
): readonly LogColumn[] {
  for (const { name, type } of columns) {
    const known = kept.get(name);
    if (known === undefined || known === COLUMN_TYPES[type].kept) continue;
    const other = Object.entries(COLUMN_TYPES).find(([, { kept }]) => kept === known)?.[0] ?? known;
    throw new LogStoreError(
      'refused',
      `Column ${name} of ${family} is of type ${other}; it cannot be ${type} too.`,
    );
  }
  return columns.filter(({ name }) => !kept.has(name));
}

function definition({ name, type }: LogColumn): string {
  return `${quoted(name)} ${COLUMN_TYPES[type].ddl}`;
}
