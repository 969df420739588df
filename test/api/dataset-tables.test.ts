import { expect } from 'chai';
import { drop } from '../support/datasets.ts';
import { eventually } from '../support/sluice-process.ts';
import { testApi, type Answer, type TestApi } from './test-api.ts';

const STOCK = `
apiVersion: sluice/v1
kind: dataset
id: stock
version: 1.0.0
title: Stock
sources:
  items:
    csv:
      prefix: "items/"
      columns: { id: text, name: text?, weight: "decimal(6,3)?", since: date?, changed_at: timestamp, sold: boolean?, more: json? }
  places:
    csv:
      prefix: "places/"
      columns: { item: text, place: text, shelf: integer, count: bigint }
tables:
  item: { from: items, key: [id], version: changed_at, write: [patch, delete] }
  place:
    from: places
    key: [place, shelf]
    write: [patch]
    references: { item: { table: item, delete: cascade, missing: hold } }
  log: { from: places, key: [item, place, shelf] }
warehouse:
  item: { from: item, load: snapshot }
`;

const PATH = '/v1/datasets/stock/tables';
const refusalOf = ({ status, body }: Answer): unknown => [status, body.code];
const pathsOf = ({ status, body }: Answer): unknown => [status, ...body.errors.map(({ path }: { path: string }) => path)];

describe('tables of datasets', () => {
  let api: TestApi;
  before(async () => {
    api = await testApi({ definitions: { 'stock.yaml': STOCK } });
    await api.startWorker();
    const made = await api.call('POST', '/v1/connections', { definition: 'stock', name: 'Stock' });
    expect(made.status, made.text).to.equal(201);
    const { landingFolder } = made.body.dataset;
    await drop(landingFolder, 'items/a.csv', [
      'id,name,weight,since,changed_at,sold,more',
      'gid://shop/1,Chair,12.500,2026-01-31,2026-03-01T08:00:00Z,true,"{""a"":1}"',
      'b,,,,2026-03-01T08:00:00Z,,',
      'c,Table,1.000,2026-02-28,2026-03-01T08:00:00.000001Z,false,',
    ]);
    await drop(landingFolder, 'places/a.csv', [
      'item,place,shelf,count',
      '"b","Berlin, Mitte/2",1,9007199254740993',
      'b,x,2,5',
      'c,x,1,7',
      'c,y,-1,0',
    ]);
    const run = (await api.call('POST', '/v1/datasets/stock:load')).body;
    await eventually('the load succeeds', async () => (await api.call('GET', `/v1/runs/${run.id}`)).body.state === 'succeeded');
  });
  after(() => api.close());

  const get = (path: string): Promise<Answer> => api.call('GET', `${PATH}/${path}`);
  const patch = (path: string, body: unknown, ifMatch?: string): Promise<Answer> =>
    api.call('PATCH', `${PATH}/${path}`, body, { headers: ifMatch === undefined ? {} : { 'if-match': ifMatch } });
  const keysIn = ({ body }: Answer): string[] => body.items.map(({ id, place, shelf }: Record<string, string>) => id ?? `${place} ${shelf}`);

  it('list rows by key, in pages', async () => {
    const first = await get('place?limit=3');
    expect(first.status, first.text).to.equal(200);
    const rest = await get(`place?limit=3&cursor=${first.body.nextCursor}`);
    expect([...keysIn(first), ...keysIn(rest)]).to.deep.equal(['Berlin, Mitte/2 1', 'x 1', 'x 2', 'y -1']);
    expect(rest.body.nextCursor).to.equal(null);
    expect(first.body.items[0]).to.include({ item: 'b', count: '9007199254740993' });
    expect(first.body.items[0]._load_id).to.match(/^\d+$/);
  });

  it('list those whose columns equal what is asked for, by their types', async () => {
    expect(keysIn(await get('place?item=b&shelf=1'))).to.deep.equal(['Berlin, Mitte/2 1']);
    expect(keysIn(await get('place?count=9007199254740993'))).to.deep.equal(['Berlin, Mitte/2 1']);
    expect(keysIn(await get('item?sold=false'))).to.deep.equal(['c']);
    expect(keysIn(await get('item?weight=12.5'))).to.deep.equal(['gid://shop/1']);
    expect(keysIn(await get('item?since=2026-02-28'))).to.deep.equal(['c']);
    expect(keysIn(await get('item?changed_at=2026-03-01T08:00:00.000001Z'))).to.deep.equal(['c']);
    expect(keysIn(await get('item?name=nobody'))).to.deep.equal([]);
  });

  it('are refused where a column or its value is none, and 404 where the table is', async () => {
    const unknown = await get('place?shelv=1');
    expect(pathsOf(unknown)).to.deep.equal([422, '/query/shelv']);
    expect(unknown.body.detail).to.contain('Did you mean "shelf"?');
    for (const query of ['shelf=1.5', 'shelf=', 'count=9223372036854775808'])
      expect((await get(`place?${query}`)).status, query).to.equal(422);
    for (const query of ['sold=yes', 'since=2026-02-30', 'changed_at=today', 'weight=1e3', 'weight=1.23456', 'more=1', 'name=%00'])
      expect((await get(`item?${query}`)).status, query).to.equal(422);
    expect((await get('item?limit=0')).status).to.equal(422);
    for (const cursor of ['x', '', 'AAAA', Buffer.from('[1]').toString('base64url'), Buffer.from('["a","b","c"]').toString('base64url')])
      expect((await get(`place?cursor=${cursor}`)).status, cursor).to.equal(422);
    const table = await get('itme');
    expect(refusalOf(table)).to.deep.equal([404, 'NOT_FOUND']);
    expect(table.body.detail).to.contain('Did you mean "item"?');
    expect(refusalOf(await get('%00'))).to.deep.equal([404, 'NOT_FOUND']);
  });

  it('show one row by its key, whatever is in it', async () => {
    const chair = await get(`item/${encodeURIComponent('gid://shop/1')}`);
    expect(chair.status, chair.text).to.equal(200);
    expect(chair.body).to.deep.include({ id: 'gid://shop/1', name: 'Chair', weight: '12.500', since: '2026-01-31', sold: true, more: { a: 1 } });
    expect(chair.headers.get('etag')).to.equal(`"${chair.body._load_id}"`);
    const place = await get(`place/${encodeURIComponent('Berlin, Mitte/2')},1`);
    expect(place.body, place.text).to.include({ place: 'Berlin, Mitte/2', shelf: 1 });
    expect((await get('place/y,-1/')).body).to.include({ place: 'y' });
    for (const key of ['place/x', 'place/x,one', 'place/x,1,2', 'place/x,9', 'item/nobody', 'item/%00', 'item/b%2C1'])
      expect(refusalOf(await get(key)), key).to.deep.equal([404, 'NOT_FOUND']);
    expect((await get('item/%ff')).status).to.equal(400);
  });

  it('are changed column by column, where the row is still the one that was read', async () => {
    const etag = (await get('item/c')).headers.get('etag')!;
    for (const stale of ['"0"', `W/${etag}`, '"x", "y"'])
      expect(refusalOf(await patch('item/c', { name: 'Desk' }, stale)), stale).to.deep.equal([412, 'PRECONDITION_FAILED']);
    const changed = await patch('item/c', { name: 'Desk', sold: null }, `"0", ${etag}`);
    expect(changed.status, changed.text).to.equal(200);
    expect(changed.body).to.include({ name: 'Desk', sold: null, weight: '1.000' });
    expect(changed.headers.get('etag')).to.not.equal(etag);
    expect(refusalOf(await patch('item/c', { name: 'Bench' }, etag))).to.deep.equal([412, 'PRECONDITION_FAILED']);
    expect((await get('item/c')).body.name).to.equal('Desk');
    expect((await patch('item/c', { name: 'Bench' }, '*')).body.name).to.equal('Bench');
    expect(new Date(changed.body.changed_at).getTime()).to.be.above(Date.parse('2026-03-01T08:00:01Z'));
    const [load] = (await api.call('GET', '/v1/datasets/stock/loads?limit=1')).body.items;
    expect(load).to.include({ kind: 'change', rows: 1, loaded: 1, exported: false });
  });

  it('refuse a change that names what cannot be changed', async () => {
    expect(pathsOf(await patch('item/c', { nmae: 'x' }))).to.deep.equal([422, '/nmae']);
    expect(pathsOf(await patch('item/c', { id: 'd', name: 7 }))).to.deep.equal([422, '/id']);
    expect(pathsOf(await patch('item/c', { weight: '1.23456' }))).to.deep.equal([422, '/weight']);
    expect(pathsOf(await patch('item/c', { sold: 'yes' }))).to.deep.equal([422, '/sold']);
    expect(pathsOf(await patch('item/c', { changed_at: '2020-01-01T00:00:00Z' }))).to.deep.equal([422, '/changed_at']);
    expect(pathsOf(await patch('item/c', {}))).to.deep.equal([422, '']);
    expect((await patch('item/c', [])).status).to.equal(422);
    expect(refusalOf(await patch('item/nobody', { name: 'x' }))).to.deep.equal([404, 'NOT_FOUND']);
    const readOnly = await patch('log/b,x,2', { count: 1 });
    expect(refusalOf(readOnly)).to.deep.equal([409, 'CONFLICT']);
    expect(readOnly.body.detail).to.contain('"log"').and.to.contain('patch');
    expect(refusalOf(await api.call('DELETE', `${PATH}/place/x,2`))).to.deep.equal([409, 'CONFLICT']);
    expect((await api.call('POST', `${PATH}/item/c`, {})).status).to.equal(405);
  });

  it('lose a row with those that refer to it', async () => {
    const etag = (await get('item/b')).headers.get('etag')!;
    const stale = await api.call('DELETE', `${PATH}/item/b`, undefined, { headers: { 'if-match': '"0"' } });
    expect(refusalOf(stale)).to.deep.equal([412, 'PRECONDITION_FAILED']);
    const gone = await api.call('DELETE', `${PATH}/item/b`, undefined, { headers: { 'if-match': etag } });
    expect(gone.status, gone.text).to.equal(204);
    expect(refusalOf(await get('item/b'))).to.deep.equal([404, 'NOT_FOUND']);
    expect(keysIn(await get('place'))).to.deep.equal(['x 1', 'y -1']);
    expect(refusalOf(await api.call('DELETE', `${PATH}/item/b`))).to.deep.equal([404, 'NOT_FOUND']);
  });
});
