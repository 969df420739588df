import { notFound } from '../../kernel/errors.ts';
import type { LogType } from '../../kernel/logs.ts';
import type { LogFamily } from '../../kernel/stores/logs.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import { audit, type Actor } from '../audit/record.ts';
import { appliedColumns } from './family-cache.ts';

/** A column as `describe` shows it. */
export interface DescribedColumn {
  readonly name: string;
  readonly nullable: boolean;
  readonly type: string;
}

export interface DescribedTable {
  readonly columns: readonly DescribedColumn[];
  readonly name: string;
}

/** The tables there are, by name; `id` first, then columns by name. */
export async function describeTables(stores: Stores, tenantId: string): Promise<readonly DescribedTable[]> {
  const families = await listFamilies(stores, tenantId);
  return families.map((family) => ({ columns: describeColumns(family), name: family.name }));
}

export function describeColumns(family: LogFamily): readonly DescribedColumn[] {
  const columns = appliedColumns(family)
    .map(({ name, type }) => ({ name, nullable: true, type: describedType(type) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return [{ name: 'id', nullable: false, type: 'int' }, ...columns];
}

function describedType(type: LogType): string {
  return type === 'string' ? 'text' : type;
}

/** Families whose table is there; one on its way to be made is not. */
export async function listFamilies(stores: Stores, tenantId: string): Promise<readonly LogFamily[]> {
  const families = await stores.logFamilies.list(tenantId);
  return families.filter(({ applied }) => applied > 0);
}

/** @throws SluiceError NOT_FOUND. The name's case counts. */
export async function findFamily(stores: Stores, tenantId: string, name: string): Promise<LogFamily> {
  const family = await stores.logFamilies.find(tenantId, name);
  if (family?.name !== name || family.applied === 0) throw notFound('log family');
  return family;
}

/** @param days undefined keeps events for good */
export async function setRetention(
  stores: Stores,
  who: Actor,
  { tenantId, name }: LogFamily,
  days: number | undefined,
): Promise<LogFamily> {
  await stores.logFamilies.setRetention(tenantId, name, days);
  await audit(stores, who, 'logFamily.update', `logFamily:${name}`, { retentionDays: days ?? null });
  await stores.changed({ noun: 'logFamily', tenantId, id: name });
  return findFamily(stores, tenantId, name);
}
