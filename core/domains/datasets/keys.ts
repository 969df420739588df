import { join } from 'node:path/posix';
import { uuid7 } from '../../kernel/ids.ts';
import type { DatasetRef } from '../../kernel/stores/operational.ts';

/** Where a tenant drops files of a dataset; sources' prefixes are below it. Ends with a slash. */
export function landingOf({ tenantId, id }: DatasetRef): string {
  return `landing/${tenantId}/${id}/`;
}

/** Where the warehouse of a dataset is. Ends with a slash. */
export function warehouseOf({ tenantId, id }: DatasetRef): string {
  return `warehouse/${tenantId}/${id}/`;
}

/** A key that no object has had: of an attempt to write a partition, or what an export has changed. */
export function freshKey(dataset: DatasetRef, table: string, part: string): string {
  return join(warehouseOf(dataset), table, part === '' ? 'all' : part, `${uuid7()}.parquet`);
}
