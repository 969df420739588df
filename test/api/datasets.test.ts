import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { beginNights } from '../../core/domains/datasets/periodic.ts';
import { drop, signed, SIGNING_SECRET, transaction } from '../support/datasets.ts';
import { eventually } from '../support/sluice-process.ts';
import { testApi, type Answer, type TestApi } from './test-api.ts';

const refusalOf = ({ status, body }: Answer): unknown => [status, body.code];

describe('datasets', () => {
  let api: TestApi;
  let stranger: string;
  let connection: Answer['body'];
  before(async () => {
    api = await testApi();
    stranger = (await api.newTenant('Stranger')).apiKey;
    connection = (await turnOn()).body;
  });
  after(() => api.close());

  const turnOn = (key?: string): Promise<Answer> =>
    api.call('POST', '/v1/connections', { definition: 'commerce', name: 'Shop', config: { signingSecret: SIGNING_SECRET } }, key ? { key } : {});
  const endOf = (id: string) =>
    eventually(`the run ${id} ends`, async () => {
      const { body } = await api.call('GET', `/v1/runs/${id}`);
      return ['succeeded', 'failed', 'cancelled'].includes(body.state) && body;
    });
  const send = (id: string, body: string, headers = signed(id, body), path = `/hooks/${connection.id}/transactions`): Promise<Answer> =>
    api.call('POST', path, undefined, { key: null, raw: body, headers });

  describe('being turned on', () => {
    it('answers where files land and where messages go, and shows it again', async () => {
      const { landingFolder } = connection.dataset;
      expect(landingFolder).to.match(/^\/.*landing\/[0-9a-f-]{36}\/commerce\/?$/).and.to.satisfy(existsSync);
      const dataset = { id: 'commerce', landingFolder, webhooks: { transactions: `${api.url}/hooks/${connection.id}/transactions` } };
      expect(connection.dataset).to.deep.equal(dataset);
      expect((await api.call('GET', `/v1/connections/${connection.id}`)).body.dataset).to.deep.equal(dataset);
      expect((await api.call('PATCH', `/v1/connections/${connection.id}`, { name: 'My shop' })).body.dataset).to.deep.equal(dataset);
      expect(JSON.stringify(connection)).to.not.contain(SIGNING_SECRET);
      const { items } = (await api.call('GET', '/v1/datasets')).body;
      expect(items).to.have.length(1);
      expect(items[0]).to.include({ id: 'commerce', connectionId: connection.id, exportedThrough: null });
      const described = (await api.call('GET', '/v1/datasets/commerce')).body;
      expect(described).to.deep.include({ ...dataset, quarantined: 0 });
      expect(described.tables).to.deep.include({ name: 'orders', key: ['id'], rows: 0, held: 0 });
    });

    it('happens once for a tenant, and again once the connection is deleted', async () => {
      const key = (await api.newTenant('Other shop')).apiKey;
      const first = (await turnOn(key)).body;
      const second = await turnOn(key);
      expect(refusalOf(second)).to.deep.equal([409, 'CONFLICT']);
      expect(second.body.detail).to.contain(first.id);
      expect((await api.call('GET', '/v1/connections', undefined, { key })).body.items).to.have.length(1);
      expect((await api.call('DELETE', `/v1/connections/${first.id}`, undefined, { key })).status).to.equal(204);
      const off = (await api.call('GET', '/v1/datasets/commerce', undefined, { key })).body;
      expect(off).to.deep.include({ connectionId: null, webhooks: {} });
      for (const verb of ['load', 'build']) {
        const refused = await api.call('POST', `/v1/datasets/commerce:${verb}`, undefined, { key });
        expect(refusalOf(refused)).to.deep.equal([409, 'CONFLICT']);
        expect(refused.body.detail).to.contain('is off');
      }
      expect(refusalOf(await send('m', '{}', signed('m', '{}'), `/hooks/${first.id}/transactions`))).to.deep.equal([404, 'NOT_FOUND']);
      const again = await turnOn(key);
      expect(again.status, again.text).to.equal(201);
      expect(again.body.dataset.landingFolder).to.equal(first.dataset.landingFolder);
    });

    it("is nothing another tenant sees, and takes the key's scope", async () => {
      for (const [method, path] of [
        ['GET', ''],
        ['GET', '/partitions'],
        ['GET', '/loads'],
        ['GET', '/quarantine'],
        ['GET', '/tables/orders'],
        ['GET', '/tables/orders/o1'],
        ['POST', ':load'],
        ['POST', ':build'],
        ['POST', ':query'],
      ] as const) {
        const body = path === ':query' ? {} : undefined;
        expect(refusalOf(await api.call(method, `/v1/datasets/commerce${path}`, body, { key: stranger })), path).to.deep.equal([404, 'NOT_FOUND']);
      }
      expect((await api.call('GET', '/v1/datasets', undefined, { key: stranger })).body.items).to.deep.equal([]);
      for (const id of ['nothing', '%00', '..%2f', 'a'.repeat(500)])
        expect((await api.call('GET', `/v1/datasets/${id}`)).status, id).to.equal(404);
      const { apiKey: key } = (await api.call('POST', '/v1/api-keys', { name: 'Reader', scopes: ['datasets:read'] })).body;
      expect((await api.call('GET', '/v1/datasets/commerce', undefined, { key })).status).to.equal(200);
      expect(refusalOf(await api.call('POST', '/v1/datasets/commerce:load', undefined, { key }))).to.deep.equal([403, 'FORBIDDEN']);
    });
  });

  describe('a build', () => {
    it('is refused for days and models that there are not', async () => {
      const build = (body: object): Promise<Answer> => api.call('POST', '/v1/datasets/commerce:build', body);
      const pathsOf = ({ status, body }: Answer) => [status, ...body.errors.map(({ path }: { path: string }) => path)];
      expect(pathsOf(await build({ from: '2026-03-01' }))).to.deep.equal([422, '/to']);
      expect(pathsOf(await build({ to: '2026-03-01' }))).to.deep.equal([422, '/from']);
      expect(pathsOf(await build({ from: '2026-03-02', to: '2026-03-01' }))).to.deep.equal([422, '/to']);
      expect(pathsOf(await build({ from: '1990-01-01', to: '2026-03-01' }))).to.deep.equal([422, '/to']);
      expect(pathsOf(await build({ from: '2026-02-30', to: 'soon' }))).to.deep.equal([422, '/from', '/to']);
      const unknown = await build({ models: ['app_sales', 'app_salse'] });
      expect(pathsOf(unknown)).to.deep.equal([422, '/models/1']);
      expect(unknown.body.detail).to.contain('Did you mean "app_sales"?');
    });

    it('is a run, and one at a time: a second one is told of the first', async () => {
      const made = await api.call('POST', '/v1/datasets/commerce:build', { from: '2026-03-01', to: '2026-03-02' }, { headers: { 'idempotency-key': 'one' } });
      expect(made.status, made.text).to.equal(202);
      expect(made.body).to.deep.include({ kind: 'build', subject: 'dataset:commerce', connectionId: connection.id, state: 'queued', input: { from: '2026-03-01', to: '2026-03-02' } });
      expect(made.headers.get('location')).to.equal(`/v1/runs/${made.body.id}`);
      expect(made.headers.get('retry-after')).to.match(/^\d+$/);
      const second = await api.call('POST', '/v1/datasets/commerce:build');
      expect(refusalOf(second)).to.deep.equal([409, 'OPERATION_IN_PROGRESS']);
      expect(second.body.detail).to.contain(made.body.id);
      const repeated = await api.call('POST', '/v1/datasets/commerce:build', { from: '2026-03-01', to: '2026-03-02' }, { headers: { 'idempotency-key': 'one' } });
      expect([repeated.status, repeated.body.id]).to.deep.equal([202, made.body.id]);
      expect((await api.call('POST', `/v1/runs/${made.body.id}:cancel`)).status).to.equal(202);
      const { items } = (await api.call('GET', '/v1/audit-events')).body;
      expect(items.map(({ action }: { action: string }) => action)).to.include.members(['dataset.turnOn', 'dataset.build']);
    });
  });

  describe('builds that are asked for at once', () => {
    it('are one, and the others are told so, also beside the run of a night', async () => {
      const ask = (): Promise<Answer> => api.call('POST', '/v1/datasets/commerce:build');
      const answers = await Promise.all([ask(), ask(), ask(), ask()]);
      const [made, ...refused] = answers.toSorted((a, b) => a.status - b.status);
      expect(made!.status, made!.text).to.equal(202);
      for (const one of refused) {
        expect(refusalOf(one)).to.deep.equal([409, 'OPERATION_IN_PROGRESS']);
        expect(one.body.detail).to.contain('GET /v1/runs?subject=dataset:commerce');
      }
      const { items } = (await api.call('GET', '/v1/runs?subject=dataset:commerce&kind=build&state=queued')).body;
      expect(items.map(({ id }: { id: string }) => id)).to.deep.equal([made!.body.id]);
      const now = Date.now() + 2 * 86_400_000;
      const datasets = { ...api.datasets, clock: { now: () => now, after: () => () => {} } };
      await beginNights({ datasets, work: api.work, queue: api.queue });
      expect((await api.call('GET', '/v1/runs?subject=dataset:commerce&kind=nightly')).body.items).to.deep.equal([]);
      expect((await api.call('POST', `/v1/runs/${made!.body.id}:cancel`)).status).to.equal(202);
    });
  });

  describe('with a worker', () => {
    before(() => api.startWorker());

    it('take in files, and tell what became of each row', async () => {
      const { landingFolder } = connection.dataset;
      await drop(landingFolder, 'products/dt=2026-03-01/p.csv', ['id,title,product_type,created_at', 'p1,Chair,seat,2026-03-01T08:00:00Z']);
      await drop(landingFolder, 'variants/dt=2026-03-01/v.csv', [
        'id,product_id,price,title,created_at,updated_at,ingested_at',
        'v1,p1,1000,Red,2026-03-01T08:00:00Z,2026-03-01T08:00:00Z,2026-03-01T09:00:00Z',
      ]);
      await drop(landingFolder, 'orders/dt=2026-03-01/o.csv', ['id,processed_timestamp,customer_id', 'o1,2026-03-01T10:00:00Z,c1']);
      await drop(landingFolder, 'order_lines/dt=2026-03-01/l.csv', [
        'id,quantity,variant_id,revenue,order_id',
        'l1,2,v1,2000,o1',
        'l2,1,v1,1000,o-unknown',
      ]);
      await drop(landingFolder, 'orders/dt=2026-03-01/bad.csv', ['id,customer_id', 'o9,c9']);
      const made = await api.call('POST', '/v1/datasets/commerce:load');
      expect(made.status, made.text).to.equal(202);
      const run = await endOf(made.body.id);
      expect(run.state, JSON.stringify(run.error)).to.equal('succeeded');
      // Files are read side by side: one that comes before what it refers to is held for a moment.
      expect(run.outputs).to.include({ files: 4, rows: 5, quarantined: 0, deduplicated: 0 });
      expect(run.outputs.loaded + run.outputs.held).to.equal(5);
      const loads = (await api.call('GET', '/v1/datasets/commerce/loads?limit=2')).body;
      expect(loads.items).to.have.length(2);
      const rest = (await api.call('GET', `/v1/datasets/commerce/loads?cursor=${loads.nextCursor}`)).body;
      expect([rest.items.length, rest.nextCursor]).to.deep.equal([3, null]);
      const { items: refused } = (await api.call('GET', '/v1/datasets/commerce/loads?state=refused')).body;
      expect(refused).to.have.length(1);
      expect(refused[0]).to.include({ source: 'orders', runId: made.body.id });
      expect(refused[0].error).to.contain('processed_timestamp');
      const { tables } = (await api.call('GET', '/v1/datasets/commerce')).body;
      expect(tables).to.deep.include({ name: 'order_lines', key: ['id'], rows: 1, held: 1 });
      for (const path of ['loads?cursor=x', 'quarantine?cursor=MA', 'partitions?cursor=x', 'loads?state=lost', 'loads?colour=red'])
        expect(refusalOf(await api.call('GET', `/v1/datasets/commerce/${path}`)), path).to.deep.equal([422, 'VALIDATION_FAILED']);
    });

    it('take signed messages once, and refuse all others', async () => {
      const paid = transaction('t1', 'o1', 'success');
      const first = await send('m1', paid);
      expect(first.status, first.text).to.equal(202);
      expect(first.body).to.deep.equal({ accepted: true, duplicate: false, quarantined: false });
      expect((await send('m1', paid)).body).to.include({ duplicate: true });
      expect((await send('m2', JSON.stringify({ data: { id: 7 } }))).body).to.include({ accepted: true, quarantined: true });
      const { items } = (await api.call('GET', '/v1/datasets/commerce/quarantine?source=transactions')).body;
      expect(items).to.have.length(1);
      expect(items[0]).to.include({ source: 'transactions', object: 'm2' });
      expect(refusalOf(await send('m3', paid, signed('m3', `${paid} `)))).to.deep.equal([401, 'UNAUTHENTICATED']);
      expect(refusalOf(await send('m3', paid, { 'content-type': 'application/json' }))).to.deep.equal([401, 'UNAUTHENTICATED']);
      expect(refusalOf(await send('m3', paid, signed('m3', paid, undefined, new Date(Date.now() - 3_600_000))))).to.deep.equal([401, 'UNAUTHENTICATED']);
      for (const path of ['/hooks/x/transactions', `/hooks/${connection.id}/orders`, `/hooks/${connection.id}/%00`, '/hooks/01890000-0000-7000-8000-000000000000/transactions'])
        expect(refusalOf(await send('m3', paid, signed('m3', paid), path)), path).to.deep.equal([404, 'NOT_FOUND']);
      const large = 'x'.repeat(1024 * 1024 + 1);
      expect(refusalOf(await send('m3', large))).to.deep.equal([413, 'BODY_TOO_LARGE']);
      const row = (await api.call('GET', '/v1/datasets/commerce/tables/transaction/t1')).body;
      expect(row).to.include({ id: 't1', order_id: 'o1', status: 'success' });
    });

    it('build what came in, and answer queries over it', async () => {
      const made = await api.call('POST', '/v1/datasets/commerce:build');
      const run = await endOf(made.body.id);
      expect(run.state, JSON.stringify(run.error)).to.equal('succeeded');
      expect(run.outputs.export.loads).to.be.above(0);
      const { items } = (await api.call('GET', '/v1/datasets/commerce/partitions?table=app_sales')).body;
      expect(items).to.have.length(1);
      expect(items[0]).to.include({ table: 'app_sales', state: 'current', rows: 1, error: null });
      expect(items[0].contentHash).to.match(/^1:\d+:\d+$/);
      const all = (await api.call('GET', '/v1/datasets/commerce/partitions?limit=3')).body;
      expect(all.items).to.have.length(3);
      const next = (await api.call('GET', `/v1/datasets/commerce/partitions?limit=3&cursor=${all.nextCursor}`)).body;
      expect(next.items[0]).to.not.deep.equal(all.items[2]);
      const asked = await api.call('POST', '/v1/datasets/commerce:query', { model: 'app_sales', metrics: ['revenue_total', 'items_sold'], dimensions: ['product_id'] });
      expect(asked.status, asked.text).to.equal(200);
      expect(asked.body).to.deep.equal({ columns: ['product_id', 'revenue_total', 'items_sold'], rows: [['p1', '20.00', 2]] });
      expect(refusalOf(await api.call('POST', '/v1/datasets/commerce:query', { model: 'app_sales', metrics: ['profit'] }))).to.deep.equal([422, 'VALIDATION_FAILED']);
      const loads = (await api.call('GET', '/v1/datasets/commerce/loads?state=loaded')).body.items;
      expect(loads.every(({ exported }: { exported: boolean }) => exported)).to.equal(true);
    });
  });
});
