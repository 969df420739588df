import { expect } from 'chai';
import type { JsonObject } from '../../../core/kernel/json.ts';
import type { OperationalStore } from '../../../core/kernel/stores/operational.ts';
import { rejection } from '../../support/rejection.ts';
import { datasetDatabase, loadInto, tableOf, type DatasetDatabase } from './dataset-database.ts';

const ALL = tableOf(
  'everything',
  [
    'day date',
    'number bigint',
    'name text',
    'count integer?',
    'price decimal(20,4)?',
    'good boolean?',
    'seen_at timestamp?',
    'more json?',
  ],
  { key: ['day', 'number'] },
);

describe('Rows of a dataset', () => {
  let database: DatasetDatabase;
  let store: OperationalStore;
  before(async () => {
    database = await datasetDatabase();
    store = await database.stores.open(await database.newDataset(), [ALL]);
    await loadInto(
      store,
      ALL,
      'a.csv',
      ['2026-01-02', '-9223372036854775808', 'b', -1, '-1.5', true, '0001-01-01 00:00:00.000001', '{"b":[1.50,null]}'],
      ['2026-01-02', '5', 'a', null, null, null, null, null],
      ['2026-01-01', '9007199254740993', 'a', 0, '1234567890123456.7891', false, '9999-12-31 23:59:59.999999', '"x"'],
    );
  });
  after(() => database.drop());

  it('are JSON without loss: large integers and decimals as text, times by RFC 3339', async () => {
    const { items } = await store.rows('everything', {}, { limit: 10 });
    expect(items.map(({ values }) => values)).to.deep.equal([
      {
        day: '2026-01-01',
        number: '9007199254740993',
        name: 'a',
        count: 0,
        price: '1234567890123456.7891',
        good: false,
        seen_at: '9999-12-31T23:59:59.999999Z',
        more: 'x',
        _version: 'a.csv',
      },
      {
        day: '2026-01-02',
        number: '-9223372036854775808',
        name: 'b',
        count: -1,
        price: '-1.5000',
        good: true,
        seen_at: '0001-01-01T00:00:00.000001Z',
        more: { b: [1.5, null] },
        _version: 'a.csv',
      },
      {
        day: '2026-01-02',
        number: 5,
        name: 'a',
        count: null,
        price: null,
        good: null,
        seen_at: null,
        more: null,
        _version: 'a.csv',
      },
    ]);
  });

  it('come in pages by key', async () => {
    const seen: unknown[] = [];
    let after: string | undefined;
    do {
      const page = await store.rows('everything', {}, { limit: 1, ...(after === undefined ? {} : { after }) });
      seen.push(...page.items.map(({ key }) => key['number']));
      after = page.next;
    } while (after !== undefined);
    expect(seen).to.deep.equal(['9007199254740993', '-9223372036854775808', 5]);
    for (const wrong of ['', '{}', '[1]', '["x","1"]'])
      expect(await rejection(store.rows('everything', {}, { limit: 1, after: wrong }))).to.include({
        fault: 'invalid',
      });
  });

  const filters: readonly [JsonObject, number][] = [
    [{ name: 'a' }, 2],
    [{ name: 'a', number: '5' }, 1],
    [{ price: '-1.50' }, 1],
    [{ seen_at: '0001-01-01T00:00:00.000001Z' }, 1],
    [{ more: { b: [1.5, null] } }, 1],
    [{ good: null }, 1],
    [{ name: "'; DROP TABLE x" }, 0],
  ];
  for (const [filter, count] of filters)
    it(`are found by ${JSON.stringify(filter)}`, async () => {
      expect((await store.rows('everything', filter, { limit: 10 })).items).to.have.length(count);
    });

  it('are not asked for by what is no column, or no value of one', async () => {
    expect(await rejection(store.rows('everything', { other: 1 }, { limit: 1 }))).to.include({
      fault: 'invalid',
      column: 'other',
    });
    expect(await rejection(store.rows('everything', { count: 'x' }, { limit: 1 }))).to.include({
      fault: 'invalid',
      column: 'count',
    });
  });

  it('are found one by one by their whole key', async () => {
    expect((await store.row('everything', { number: 5, day: '2026-01-02' }))?.values['name']).to.equal('a');
    expect(await store.row('everything', { number: 6, day: '2026-01-02' })).to.equal(undefined);
  });
});
