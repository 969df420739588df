import { Type } from 'typebox';
import { describeTables, findDataset } from '../../domains/datasets/describe.ts';
import type { Datasets } from '../../domains/datasets/open.ts';
import { answerQuery } from '../../domains/datasets/querying/answer.ts';
import { startBuild, startLoad } from '../../domains/datasets/runs.ts';
import { intakeOf } from '../../domains/datasets/turning-on.ts';
import { PARTITION_STATES, type Dataset } from '../../kernel/stores/datasets.ts';
import type { Run } from '../../kernel/stores/runs.ts';
import {
  DatasetSchema,
  DescribedDataset,
  LoadSchema,
  PartitionSchema,
  QuarantineSchema,
  showDataset,
  showLoad,
  showPartition,
  showQuarantined,
  showTables,
} from '../dataset-view.ts';
import { pageBody, pageRequest } from '../list.ts';
import { route, type Context, type Reply, type Route } from '../route.ts';
import { RunSchema, showRun } from '../run-view.ts';
import { AnyObject, closed, listOf, paging } from '../schema.ts';
import { whileConnected } from '../while-connected.ts';
import { actorOf } from '../who.ts';

const tag = 'Datasets';
const access = 'tenant';
const read = 'datasets:read';
const write = 'datasets:write';

const Day = Type.String({ format: 'date' });

export const ownDataset = (context: Context): Promise<Dataset> =>
  context.work((stores) => findDataset(stores, context.tenantId, context.params['id'] ?? ''));

/** Ids of rows that the control plane numbers. */
const isNumber = (text: string): boolean => /^[1-9]\d{0,17}$/.test(text);

/** Of a partition: its table, a blank, and its date where it has one. */
const isPartition = (text: string): boolean => /^\w+ (?:\d{4}-\d\d-\d\d)?$/.test(text);

/** 202 with the run as it was made. */
function accepted(run: Run): Reply {
  return { status: 202, headers: { Location: `/v1/runs/${run.id}`, 'Retry-After': '1' }, body: showRun(run) };
}

export function datasetRoutes({ datasets, baseUrl }: { readonly datasets: Datasets; readonly baseUrl: () => string }): Route[] {
  const { catalogue } = datasets;
  return [
    route({
      method: 'GET',
      path: '/v1/datasets',
      tag,
      summary: 'Datasets that were turned on, with the last night that each has closed.',
      access,
      scope: read,
      answers: { 200: { description: 'Datasets, by id.', schema: listOf(DatasetSchema) } },
      async handle({ work, tenantId }) {
        const found = await work((stores) => stores.datasets.list(tenantId));
        return { status: 200, body: { items: found.map(showDataset), nextCursor: null } };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/datasets/{id}',
      tag,
      summary: 'One dataset: where its data comes in, and how much its tables hold.',
      access,
      scope: read,
      answers: { 200: { description: 'The dataset.', schema: DescribedDataset } },
      owner: ownDataset,
      async handle({ work, owned }) {
        const tables = await describeTables(datasets, owned);
        const quarantined = await work((stores) => stores.datasets.quarantined(owned));
        const intake = intakeOf({ ...datasets, baseUrl }, owned);
        return { status: 200, body: { ...showDataset(owned), ...intake, tables: showTables(tables), quarantined } };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/datasets/{id}/partitions',
      tag,
      summary: 'What the warehouse holds: partitions of tables and models, and those that are to be built.',
      access,
      scope: read,
      query: closed({ ...paging, table: Type.Optional(Type.String()), state: Type.Optional(Type.Enum([...PARTITION_STATES])) }),
      answers: { 200: { description: 'Partitions, by table and date.', schema: listOf(PartitionSchema) } },
      owner: ownDataset,
      async handle({ work, owned, query: { table, state, ...paged } }) {
        const filter = { ...(table !== undefined && { table }), ...(state && { state }) };
        const page = await work((stores) => stores.datasets.partitions(owned, filter, pageRequest(paged, isPartition)));
        return { status: 200, body: pageBody(page, showPartition) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/datasets/{id}/loads',
      tag,
      summary: 'The ledger: files, messages and changes that were taken in, or refused as a whole.',
      access,
      scope: read,
      query: closed({
        ...paging,
        source: Type.Optional(Type.String()),
        state: Type.Optional(Type.Enum(['loaded', 'refused'])),
      }),
      answers: { 200: { description: 'Loads, newest first.', schema: listOf(LoadSchema) } },
      owner: ownDataset,
      async handle({ work, owned, query: { source, state, ...paged } }) {
        const filter = { ...(source !== undefined && { source }), ...(state && { state }) };
        const page = await work((stores) => stores.datasets.loads(owned, filter, pageRequest(paged, isNumber)));
        return { status: 200, body: pageBody(page, showLoad) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/datasets/{id}/quarantine',
      tag,
      summary: 'Rows that were not taken: where they stood, and what was wrong with them.',
      access,
      scope: read,
      query: closed({ ...paging, source: Type.Optional(Type.String()), object: Type.Optional(Type.String()) }),
      answers: { 200: { description: 'Rows, newest first.', schema: listOf(QuarantineSchema) } },
      owner: ownDataset,
      async handle({ work, owned, query: { source, object, ...paged } }) {
        const filter = { ...(source !== undefined && { source }), ...(object !== undefined && { object }) };
        const page = await work((stores) => stores.datasets.quarantine(owned, filter, pageRequest(paged, isNumber)));
        return { status: 200, body: pageBody(page, showQuarantined) };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/datasets/{id}:load',
      tag,
      summary: 'Take in what has landed, now. It is looked for every minute without being asked.',
      access,
      scope: write,
      body: closed({}),
      bodyOptional: true,
      idempotency: 'kept',
      answers: { 202: { description: 'The run.', schema: RunSchema } },
      owner: ownDataset,
      handle: async ({ work, caller, owned }) =>
        accepted(await work((stores) => startLoad(catalogue, stores, actorOf(caller), owned))),
    }),
    route({
      method: 'POST',
      path: '/v1/datasets/{id}:build',
      tag,
      summary: 'Export all there is and build what it touched; with days, those again as well.',
      access,
      scope: write,
      body: closed({
        from: Type.Optional(Day),
        to: Type.Optional(Day),
        models: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 100, description: 'Only these.' })),
      }),
      bodyOptional: true,
      idempotency: 'kept',
      answers: {
        202: { description: 'The run.', schema: RunSchema },
        409: { description: 'The warehouse is being written; `detail` names the run.' },
      },
      owner: ownDataset,
      handle: async ({ work, caller, owned, body }) =>
        accepted(await work((stores) => startBuild(catalogue, stores, actorOf(caller), owned, body))),
    }),
    route({
      method: 'POST',
      path: '/v1/datasets/{id}:query',
      tag,
      summary: 'Ask a model of the warehouse: metrics by dimensions, over what is current.',
      access,
      scope: read,
      body: AnyObject,
      answers: {
        200: {
          description: 'Rows by position. Decimals, and integers beyond 2^53, are text.',
          schema: Type.Object({
            columns: Type.Array(Type.String()),
            rows: Type.Array(Type.Array(Type.Unknown())),
          }),
        },
      },
      owner: ownDataset,
      handle: async ({ request, owned, body }) => ({
        status: 200,
        body: await whileConnected(request, (signal) => answerQuery(datasets, owned, body, signal)),
      }),
    }),
  ];
}
