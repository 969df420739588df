import { Type } from 'typebox';
import type { Dataset } from '../../kernel/stores/datasets.ts';
import type { StoredRow } from '../../kernel/stores/operational.ts';
import {
  deleteRow,
  findRow,
  keyOf,
  listRows,
  openTable,
  patchRow,
  type Condition,
  type OpenTable,
  type TableDeps,
} from '../../domains/datasets/tables.ts';
import { entityTag, ifMatch } from '../conditional.ts';
import { RowSchema, showRow } from '../dataset-view.ts';
import { pageBody, pageRequest } from '../list.ts';
import { route, type Context, type Reply, type Route } from '../route.ts';
import { AnyObject, listOf, paging } from '../schema.ts';
import { ownDataset } from './datasets.ts';

const tag = 'Datasets';
const access = 'tenant';
const read = 'datasets:read';
const write = 'datasets:write';

/** A row: its table, and its key as the path has it. */
type OwnRow = OpenTable & { readonly key: ReturnType<typeof keyOf> };

/** The last part of the path as it was sent: the commas of a key are told from those in its values. */
function sentKey({ request }: Context): string {
  const path = (request.url ?? '').split('?', 1)[0]!.replace(/\/$/, '');
  return path.slice(path.lastIndexOf('/') + 1);
}

const conditionOf = ({ request }: Pick<Context, 'request'>): Condition => (load) => ifMatch(request, load);

function shown(row: StoredRow): Reply {
  return { status: 200, headers: { ETag: entityTag(row.load) }, body: showRow(row) };
}

export function datasetTableRoutes({ datasets }: { readonly datasets: TableDeps }): Route[] {
  const ownTable = async (context: Context): Promise<OpenTable> => {
    const dataset: Dataset = await ownDataset(context);
    return openTable(datasets, dataset, context.params['table'] ?? '');
  };
  const ownRow = async (context: Context): Promise<OwnRow> => {
    const table = await ownTable(context);
    return { ...table, key: keyOf(table, sentKey(context)) };
  };
  const row = '/v1/datasets/{id}/tables/{table}/{key}';
  return [
    route({
      method: 'GET',
      path: '/v1/datasets/{id}/tables/{table}',
      tag,
      summary: 'Rows of a table as they are now. Each further key of the query is a column, and the value it must have.',
      access,
      scope: read,
      query: Type.Object(paging, { additionalProperties: Type.String() }),
      answers: { 200: { description: 'Rows, by key.', schema: listOf(RowSchema) } },
      owner: ownTable,
      async handle({ owned, query: { limit, cursor, ...given } }) {
        const paged = { ...(limit !== undefined && { limit }), ...(cursor !== undefined && { cursor }) };
        const page = await listRows(owned, given, pageRequest(paged, (text) => text !== ''));
        return { status: 200, body: pageBody(page, showRow) };
      },
    }),
    route({
      method: 'GET',
      path: row,
      colons: true,
      tag,
      summary: 'One row, by its key; the values of a key of several columns have commas between them.',
      access,
      scope: read,
      answers: { 200: { description: 'The row. Its ETag is the load it came with.', schema: RowSchema } },
      owner: ownRow,
      handle: async ({ owned }) => shown(await findRow(owned, owned.key)),
    }),
    route({
      method: 'PATCH',
      path: row,
      colons: true,
      tag,
      summary: 'Change columns of a row: a load of its own. `If-Match` takes the ETag of the row that it is about.',
      access,
      scope: write,
      body: AnyObject,
      answers: {
        200: { description: 'The row.', schema: RowSchema },
        409: { description: 'The definition does not let rows of this table be changed.' },
        412: { description: 'It was changed since.' },
      },
      owner: ownRow,
      handle: async ({ request, owned, body }) => shown(await patchRow(owned, owned.key, body, conditionOf({ request }))),
    }),
    route({
      method: 'DELETE',
      path: row,
      colons: true,
      tag,
      summary: 'Delete a row, and those that refer to it. Older versions do not bring it back; newer ones do.',
      access,
      scope: write,
      answers: {
        204: { description: 'It is gone.' },
        409: { description: 'The definition does not let rows of this table be deleted.' },
        412: { description: 'It was changed since.' },
      },
      owner: ownRow,
      async handle({ request, owned }) {
        await deleteRow(owned, owned.key, conditionOf({ request }));
        return { status: 204 };
      },
    }),
  ];
}
