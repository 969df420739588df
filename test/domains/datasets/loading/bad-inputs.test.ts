import { expect } from 'chai';
import type { Json, JsonObject } from '../../../../core/kernel/json.ts';
import type { OperationalStore } from '../../../../core/kernel/stores/operational.ts';
import { operationalStores } from '../../../../db/datasets/operational-stores.ts';
import { testDatabase, type TestDatabase } from '../../../support/database.ts';
import { addDataset, Landing } from './shop.ts';

const ORDERS = 'id,placed_at,status,customer\n';
const LINES = 'id,order_id,quantity,price\n';
const NO_INTEGER = 'Expected an integer: digits, "-" in front where it is negative, no zeros in front.';
const NO_DECIMAL =
  'Expected a decimal(12,2): at most 10 digits, and at most 2 behind the point; no signs between them, no zeros in front.';
const NO_TIMESTAMP =
  'Expected a time as 2026-01-31T12:00:00Z or 2026-01-31 12:00:00.123456 (UTC), of the years 0001 to 9999, to microseconds.';

describe('what may be wrong with what lands', () => {
  let test: TestDatabase;
  let landing: Landing;
  let store: OperationalStore;
  before(async () => {
    test = await testDatabase();
  });
  after(() => test.drop());
  beforeEach(turnOn);
  afterEach(() => landing.close());

  /** A dataset of a tenant of its own. */
  async function turnOn(): Promise<void> {
    const operational = operationalStores(test.db.datasets);
    landing = await Landing.open(operational);
    await addDataset(test.db.engine, landing.dataset);
    store = await operational.open(landing.dataset, landing.plan.dataset!.tables);
  }

  const drop = (folder: string, content: string | Uint8Array, name = 'a.csv'): Promise<void> =>
    landing.drop(`${folder}/dt=2026-01-31/${name}`, content);

  /** Counts of a run over what has landed, without what is 0. */
  async function counts(): Promise<JsonObject> {
    const { done, ...rest } = await landing.load();
    expect(done).to.equal(true);
    return Object.fromEntries(Object.entries(rest).filter(([, count]) => count !== 0)) as JsonObject;
  }

  async function rows(table: string, ...columns: readonly string[]): Promise<Json[][]> {
    const { items } = await store.rows(table, {}, { limit: 100 });
    return items.map(({ values }) => columns.map((name) => values[name]!));
  }

  async function quarantine(): Promise<unknown[]> {
    const { rows } = await test.db.engine.query({
      text: `SELECT line::int, column_name, value, reason FROM dataset_quarantine WHERE tenant_id = $1 ORDER BY line`,
      values: [landing.dataset.tenantId],
      rowMode: 'array',
    });
    return rows;
  }

  async function refusals(): Promise<string[]> {
    const { rows } = await test.db.engine.query<{ error: string }>(
      `SELECT error FROM dataset_loads WHERE tenant_id = $1 AND state = 'refused' ORDER BY object, id`,
      [landing.dataset.tenantId],
    );
    return rows.map(({ error }) => error);
  }

  it('the same file twice is loaded once, and its rows under another name are known', async () => {
    const content = `${ORDERS}o1,2026-01-31T10:00:00Z,new,ann\n`;
    await drop('orders', content);
    expect(await counts()).to.deep.equal({ files: 1, rows: 1, loaded: 1 });
    await drop('orders', content);
    expect(await counts()).to.deep.equal({});
    await drop('orders', content, 'again.csv');
    expect(await counts()).to.deep.equal({ files: 1, rows: 1, deduplicated: 1 });
  });

  it('the same name with new content is another file', async () => {
    await drop('orders', `${ORDERS}o1,2026-01-31T10:00:00Z,new,ann\n`);
    await counts();
    await drop('orders', `${ORDERS}o1,2026-01-31T11:00:00Z,paid,ann\no2,2026-01-31T11:00:00Z,new,\n`);
    expect(await counts()).to.deep.equal({ files: 1, rows: 2, loaded: 2 });
    expect(await rows('orders', 'id', 'status', 'customer')).to.deep.equal([
      ['o1', 'paid', 'ann'],
      ['o2', 'new', null],
    ]);
  });

  it('half a file is refused, and the whole one is loaded', async () => {
    const content = `${ORDERS}o1,2026-01-31T10:00:00Z,new,ann\no2,2026-01-31T10:00:00Z,new,bob\n`;
    await drop('orders', content.slice(0, -16));
    expect(await counts()).to.deep.equal({});
    expect(await refusals()).to.deep.equal([
      'The file ends within the row of line 3, which has 2 of 4 values: half of it is missing.',
    ]);
    expect(await rows('orders', 'id')).to.deep.equal([]);
    await drop('orders', content);
    expect(await counts()).to.deep.equal({ files: 1, rows: 2, loaded: 2 });
  });

  it('a wrong header is refused with the columns that were meant', async () => {
    await drop('orders', 'id,placed_at,statsu,customer\no1,2026-01-31T10:00:00Z,new,ann\n');
    expect(await counts()).to.deep.equal({});
    expect(await refusals()).to.deep.equal([
      'The header does not fit. The column "status" is missing. The column "statsu" is not declared. Did you mean "status"? Declared are id, placed_at, status, customer.',
    ]);
  });

  it('an extra column is refused by its name', async () => {
    await drop('orders', 'id,placed_at,status,customer,colour\no1,2026-01-31T10:00:00Z,new,ann,red\n');
    expect(await counts()).to.deep.equal({});
    expect(await refusals()).to.deep.equal([
      'The header does not fit. The column "colour" is not declared. Declared are id, placed_at, status, customer.',
    ]);
  });

  it('a byte order mark, CRLF, quotes and newlines in fields are read as they are meant', async () => {
    await drop(
      'orders',
      '\ufeffid,placed_at,status,customer\r\n"o,1",2026-01-31T10:00:00Z,"a ""new"" one","Ann\r\nB"\r\no2,2026-01-31T10:00:00Z,\\N\\t,\r\n',
    );
    expect(await counts()).to.deep.equal({ files: 1, rows: 2, loaded: 2 });
    expect(await rows('orders', 'id', 'status', 'customer')).to.deep.equal([
      ['o,1', 'a "new" one', 'Ann\r\nB'],
      ['o2', '\\N\\t', null],
    ]);
  });

  it('Latin-1 bytes are in quarantine with the line and the byte', async () => {
    await drop(
      'orders',
      Buffer.from(`${ORDERS}o1,2026-01-31T10:00:00Z,new,Jos\xe9\no2,2026-01-31T10:00:00Z,new,bob\n`, 'latin1'),
    );
    expect(await counts()).to.deep.equal({ files: 1, rows: 2, loaded: 1, quarantined: 1 });
    expect(await quarantine()).to.deep.equal([
      [2, 'customer', 'Jos\ufffd', 'Byte 32 of the row, 0xE9, is no UTF-8. Send the file in UTF-8.'],
    ]);
  });

  it('1,234.50 is no number, in quotes or as two fields', async () => {
    await drop('lines', `${LINES}l1,o1,1,"1,234.50"\nl2,o1,1,1,234.50\nl3,o1,12.7,1\nl4,o1,1e3,1\nl5,o1, 12 ,1\n`);
    expect(await counts()).to.deep.equal({ files: 1, rows: 5, quarantined: 5 });
    expect(await quarantine()).to.deep.equal([
      [2, 'price', '1,234.50', NO_DECIMAL],
      [3, null, 'l2,o1,1,1,234.50', 'The row has 5 values, and the header names 4.'],
      [4, 'quantity', '12.7', NO_INTEGER],
      [5, 'quantity', '1e3', NO_INTEGER],
      [6, 'quantity', ' 12 ', NO_INTEGER],
    ]);
  });

  it('an integer over 2^31 is in quarantine, and not cut off', async () => {
    await drop('lines', `${LINES}l1,o1,2147483648,1\n`);
    expect(await counts()).to.deep.equal({ files: 1, rows: 1, quarantined: 1 });
    expect(await quarantine()).to.deep.equal([
      [
        2,
        'quantity',
        '2147483648',
        'An integer is from -2147483648 to 2147483647. A column of larger ones is declared as bigint.',
      ],
    ]);
  });

  it('timestamps in three zones are one moment; the year 1 is a year, and infinity is none', async () => {
    await drop(
      'orders',
      `${ORDERS}o1,2026-01-31T12:00:00Z,new,\no2,2026-01-31T17:30:00+05:30,new,\no3,2026-01-31 04:00:00-08:00,new,\no4,0001-01-01T00:00:00Z,new,\no5,infinity,new,\no6,0000-01-01T00:00:00Z,new,\n`,
    );
    expect(await counts()).to.deep.equal({ files: 1, rows: 6, loaded: 4, quarantined: 2 });
    expect(await quarantine()).to.deep.equal([
      [6, 'placed_at', 'infinity', NO_TIMESTAMP],
      [7, 'placed_at', '0000-01-01T00:00:00Z', NO_TIMESTAMP],
    ]);
    const times = (await rows('orders', 'id', 'placed_at')).map(([id, time]) => [
      id,
      typeof time === 'string' && Date.parse(time),
    ]);
    const noon = Date.UTC(2026, 0, 31, 12);
    expect(times).to.deep.equal([
      ['o1', noon],
      ['o2', noon],
      ['o3', noon],
      ['o4', Date.parse('0001-01-01T00:00:00Z')],
    ]);
  });

  it('more bad rows than "maxBad" refuse the file', async () => {
    await drop('orders', `${ORDERS}o1,2026-01-31T10:00:00Z,new,\n,x,new,\no3,,new,\no4,today,new,\n`);
    expect(await counts()).to.deep.equal({});
    expect(await refusals()).to.deep.equal([
      `More rows are bad than the 2 that "maxBad" takes. Line 3, id "": The value is empty, and the column takes no null. An empty text is written "". Line 4, placed_at "": The value is empty, and the column takes no null. Line 5, placed_at "today": ${NO_TIMESTAMP}`,
    ]);
  });

  it('of a key that is repeated with one version the same content stands, whatever came first', async () => {
    const [ann, bob] = ['ann', 'bob'].map((customer) => `o1,2026-01-31T10:00:00Z,new,${customer}\n`);
    const stood: Json[][][] = [];
    for (const content of [`${ann}${bob}`, `${bob}${ann}`]) {
      await landing.close();
      await turnOn();
      await drop('orders', ORDERS + content);
      expect(await counts()).to.deep.equal({ files: 1, rows: 2, loaded: 1, deduplicated: 1 });
      stood.push(await rows('orders', 'id', 'customer'));
    }
    expect(stood[0]).to.deep.equal(stood[1]);
  });

  it('a child before its parent is held, and stands once the parent is there', async () => {
    await drop('lines', `${LINES}l1,o1,2,9.50\nl2,o2,1,1\n`);
    expect(await counts()).to.deep.equal({ files: 1, rows: 2, held: 2 });
    expect(await rows('lines', 'id')).to.deep.equal([]);
    await drop('orders', `${ORDERS}o1,2026-01-31T10:00:00Z,new,\n`);
    expect(await counts()).to.deep.equal({ files: 1, rows: 1, loaded: 1 });
    expect(await rows('lines', 'id', 'order_id', 'quantity', 'price')).to.deep.equal([['l1', 'o1', 2, '9.50']]);
    expect((await store.counts())['lines']).to.deep.equal({ rows: 1, held: 1 });
  });

  it('an order without lines is an order', async () => {
    await drop('orders', `${ORDERS}o1,2026-01-31T10:00:00Z,new,\n`);
    await drop('lines', LINES);
    expect(await counts()).to.deep.equal({ files: 2, rows: 1, loaded: 1 });
    expect(await rows('orders', 'id')).to.deep.equal([['o1']]);
  });

  it('a status that goes backwards in a later file does not come to stand', async () => {
    await drop('orders', `${ORDERS}o1,2026-01-31T12:00:00Z,paid,\n`, 'a.csv');
    await counts();
    await drop('orders', `${ORDERS}o1,2026-01-31T11:59:59.999999Z,new,\n`, 'b.csv');
    expect(await counts()).to.deep.equal({ files: 1, rows: 1, deduplicated: 1 });
    expect(await rows('orders', 'id', 'status')).to.deep.equal([['o1', 'paid']]);
  });
});
