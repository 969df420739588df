import { createHash } from 'node:crypto';
import { isUuid } from '../../core/kernel/ids.ts';
import type { DatasetRef } from '../../core/kernel/stores/operational.ts';

/** Bytes of a name in PostgreSQL (NAMEDATALEN); what is longer is cut without a word. */
export const MAX_NAME = 63;

/**
 * The schema of a dataset of one tenant: `ds_`, the tenant, the dataset's id. An id that is too long is cut, and its hash
 * stands behind a `~`, which is in no id: two datasets never share a schema.
 */
export function schemaOf({ tenantId, id }: DatasetRef): string {
  if (!isUuid(tenantId)) throw new Error(`"${tenantId}" is not the id of a tenant: a lower-case UUID is.`);
  return fitting(`ds_${tenantId.replaceAll('-', '')}_${id}`);
}

/** A name as it is, or, where it is too long, its begin and a hash of it. */
export function fitting(name: string): string {
  if (Buffer.byteLength(name) <= MAX_NAME) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 16);
  return `${name.slice(0, MAX_NAME - hash.length - 1)}~${hash}`;
}
