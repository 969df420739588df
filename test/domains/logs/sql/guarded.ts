import { randomUUID } from 'node:crypto';
import type { FamilyShape } from '../../../../core/domains/logs/sql/catalog.ts';
import type { LogColumn, LogRows, LogShard, ShardTenant } from '../../../../core/kernel/logs.ts';
import type { Plugin } from '../../../../core/kernel/plugin.ts';

/** Something that a server is or holds, by name. Whatever a query changes shows in one of them. */
export type Snapshot = Readonly<Record<string, string>>;

/** A server with a tenant's sample families, and beside them what no query of the tenant may reach or change. */
export interface Guarded {
  readonly dialect: 'mysql' | 'postgres';
  readonly quote: string;
  readonly home: string;
  readonly shard: LogShard;
  readonly tenant: ShardTenant;
  /** Values that no answer may hold: of hidden columns and tables, of other tenants, of the server itself. */
  readonly canaries: readonly string[];
  /** Everything that must stay as it is. To be called where no query runs. */
  snapshot(): Promise<Snapshot>;
  /** Tables that queries have read so far, as `home.name`. Ends the tenant's connections. */
  readTables(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export const CANARY_TEXT = 'canary-5bd1';
export const CANARY_NUMBER = '7770777077707';
/** Of the hidden column `_time`. */
export const CANARY_TIME = '1971-07-07 07:07:07.070707';
export const CANARIES = [CANARY_TEXT, CANARY_NUMBER, '07:07:07'];

const HIDDEN_COLUMNS: readonly LogColumn[] = [
  { name: 'a', type: 'int' },
  { name: 's', type: 'string' },
];

interface Parties {
  readonly shard: LogShard;
  readonly tenant: ShardTenant;
  readonly other: ShardTenant;
}

/** Opens a shard with a tenant, its families, a table that its catalogue does not know, and a tenant beside it. */
export async function openParties(plugin: Plugin, url: string, families: readonly FamilyShape[]): Promise<Parties> {
  if (plugin.type !== 'logStore') throw new Error(`${plugin.name} is no log store.`);
  const shard = plugin.open(url, { name: 'guarded' });
  const tenant = { tenantId: randomUUID(), password: randomUUID() };
  const other = { tenantId: randomUUID(), password: randomUUID() };
  for (const party of [tenant, other]) await shard.openTenant(party);
  for (const { name, columns } of families) await shard.ensureTable(tenant, name, columns, 1);
  await shard.ensureTable(tenant, 'hidden', HIDDEN_COLUMNS, 1);
  for (const { name } of families) await shard.ensureTable(other, name, HIDDEN_COLUMNS, 1);
  return { shard, tenant, other };
}

/** What a query of the tenant's reader finds, on as many connections as it may have at a time. */
export async function askEverywhere({ shard, tenant }: Pick<Guarded, 'shard' | 'tenant'>, sql: string): Promise<readonly LogRows[]> {
  const limits = { timeoutMs: 10_000, maxRows: 10_000, maxBytes: 1 << 24 };
  return Promise.all([1, 2, 3].map(() => shard.query(tenant, { sql, values: [] }, limits)));
}

/** The lines that one snapshot holds and the other does not. */
export function changesOf(before: Snapshot, after: Snapshot): readonly string[] {
  const linesOf = (snapshot: Snapshot): ReadonlySet<string> =>
    new Set(Object.entries(snapshot).flatMap(([name, text]) => text.split('\n').map((line) => `${name}: ${line}`)));
  const [was, is] = [linesOf(before), linesOf(after)];
  return [...[...was].filter((line) => !is.has(line)).map((line) => `- ${line}`), ...[...is].filter((line) => !was.has(line)).map((line) => `+ ${line}`)];
}
