import type { DatasetDirectory } from '../../core/kernel/stores/datasets.ts';
import type { Database } from '../open.ts';
import { DATASET_COLUMNS, showDataset, type DatasetRow } from './dataset-store.ts';

const ON = `SELECT ${DATASET_COLUMNS} FROM datasets WHERE connection_id IS NOT NULL ORDER BY tenant_id, id`;
const FIND = `SELECT ${DATASET_COLUMNS} FROM datasets WHERE tenant_id = $1 AND id = $2`;
const BY_CONNECTION = `
  SELECT d.*, t.name AS "tenantName" FROM (SELECT ${DATASET_COLUMNS} FROM datasets WHERE connection_id = $1) d
  JOIN tenants t ON t.id = d."tenantId"`;

/** The datasets of all tenants, as the engine's role sees them. */
export function datasetDirectory({ engine }: Pick<Database, 'engine'>): DatasetDirectory {
  return {
    async datasets() {
      const { rows } = await engine.query<DatasetRow>(ON);
      return rows.map(showDataset);
    },
    async find({ tenantId, id }) {
      const { rows } = await engine.query<DatasetRow>(FIND, [tenantId, id]);
      return rows.map(showDataset)[0];
    },
    async byConnection(connectionId) {
      const { rows } = await engine.query<DatasetRow & { tenantName: string }>(BY_CONNECTION, [connectionId]);
      const [row] = rows;
      return row && { ...showDataset(row), tenantName: row.tenantName };
    },
  };
}
