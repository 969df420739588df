import { expect } from 'chai';
import mysql from 'mysql2/promise';
import { curl, type Got } from '../support/curl.ts';
import { newPlace, type Place } from '../support/deliveries.ts';
import { mysqlMissing, startMysqlServers, type MysqlServer } from '../support/mysql-servers.ts';
import { startSluice, type SluiceProcess } from '../support/sluice-process.ts';

const DOGS = JSON.stringify({
  family: 'dog_registry',
  schema: { name: 'string', breed: 'string', weight: 'int' },
  logs: [
    { name: 'spot', breed: 'labrador', weight: 100 },
    { name: 'max', breed: 'labrador', weight: 80 },
    { name: 'rex', breed: 'labrador', weight: 90 },
  ],
});
const [SPOT, MAX, REX] = [
  '{"breed":"labrador","id":1,"name":"spot","weight":100}',
  '{"breed":"labrador","id":2,"name":"max","weight":80}',
  '{"breed":"labrador","id":3,"name":"rex","weight":90}',
];
const again = (row: string): string => row.replace(/"id":(\d)/, (_, id: string) => `"id":${Number(id) + 3}`);
const results = (...rows: readonly string[]): string => `{"results":[${rows.join(',')}]}`;

const TABLES = JSON.stringify({
  tables: [
    {
      columns: [
        { name: 'id', nullable: false, type: 'int' },
        { name: 'breed', nullable: true, type: 'text' },
        { name: 'name', nullable: true, type: 'text' },
        { name: 'weight', nullable: true, type: 'int' },
      ],
      name: 'dog_registry',
    },
  ],
});

const FAMILIES = Array.from({ length: 12 }, (_, i) => `family_${i}`);

/** What a client of databalancer does, with curl and no key, in this order. */
function clientOf(sluice: () => SluiceProcess): void {
  const send = (method: string, path: string, body: string): Promise<Got> =>
    curl('-X', method, '-H', 'Content-Type: application/json', '-d', body, `${sluice().url}${path}`);
  const query = (text: string): Promise<Got> => send('POST', '/api/query', JSON.stringify({ query: text }));
  const ok = (text: string): Got => ({ status: 200, text });
  const failed = (text: string): Got => ({ status: 500, text: `An error occured ${text}` });

  it('stores logs of a new family, by PUT and by POST, whatever their Content-Type', async () => {
    expect(await send('PUT', '/api/log', DOGS)).to.deep.equal(ok('{}'));
    expect(await curl('-d', DOGS, `${sluice().url}/api/log`)).to.deep.equal(ok('{}'));
  });

  it('describes the table', async () => {
    expect(await curl(`${sluice().url}/api/describe`)).to.deep.equal(ok(TABLES));
  });

  it('answers SQL, exactly', async () => {
    const all = [SPOT, MAX, REX, again(SPOT), again(MAX), again(REX)];
    expect(await query('SELECT * FROM `dog_registry`;')).to.deep.equal(ok(results(...all)));
    const heavy =
      'select * from dog_registry where breed = "labrador" and name != "max" order by weight, id;';
    expect(await query(heavy)).to.deep.equal(ok(results(REX, again(REX), SPOT, again(SPOT))));
    expect(await query('select * from dog_registry where breed = "poodle"')).to.deep.equal(
      ok('{"results":[]}'),
    );
  });

  it('has each log in raw_logs as often as it was sent', async () => {
    const { status, text } = await query('SELECT * FROM raw_logs');
    const rows = (JSON.parse(text) as { results: { family: string; log: string }[] }).results;
    expect(status).to.equal(200);
    expect(rows.map(({ family }) => family)).to.deep.equal(Array.from({ length: 6 }, () => 'dog_registry'));
    const names = rows.map(({ log }) => (JSON.parse(log) as { name: string }).name);
    expect(names.sort()).to.deep.equal(['max', 'max', 'rex', 'rex', 'spot', 'spot']);
  });

  it('is told what is wrong in the words it knows', async () => {
    const broken = await send('PUT', '/api/log', '{"family": "dog_registry", ');
    expect(broken).to.deep.equal(
      failed('parsing JSON: The body is not valid JSON: it ends too early, after 27 characters.'),
    );
    const untyped = { family: 'cats', schema: { name: 'string' }, logs: [{ name: 'tom', lives: 9 }] };
    expect(await send('PUT', '/api/log', JSON.stringify(untyped))).to.deep.equal(
      failed('ingesting logs: Data type for the field lives was not specified in the cats schema map'),
    );
    const badType = { ...untyped, schema: { name: 'string', lives: 'number' } };
    expect(await send('PUT', '/api/log', JSON.stringify(badType))).to.deep.equal(
      failed('ingesting logs: Unsupported data type in cats log for the field lives: number'),
    );
    for (const statement of [
      'DROP TABLE dog_registry',
      'insert into dog_registry (name) values ("x")',
      'SHOW TABLES',
    ]) {
      expect(await query(statement)).to.deep.equal(
        failed('querying logs: service can only be used to query records'),
      );
    }
    expect(await curl(`${sluice().url}/api/describe`), 'after all that').to.deep.equal(ok(TABLES));
  });

  it('needs a key when it comes from elsewhere', async () => {
    const { status } = await curl('-H', 'X-Forwarded-For: 192.0.2.1', `${sluice().url}/api/describe`);
    expect(status).to.equal(401);
  });

  it('sees its families spread evenly over all servers', async () => {
    for (const family of FAMILIES) {
      const body = { family, schema: { n: 'int' }, logs: [{ n: 1 }] };
      expect(await send('PUT', '/api/log', JSON.stringify(body))).to.deep.equal(ok('{}'));
    }
    const { body } = await sluice().call('GET', '/v1/shards');
    const counts: number[] = body.items.map(({ families }: { families: number }) => families);
    expect(counts.reduce((sum, count) => sum + count, 0)).to.equal(FAMILIES.length + 1);
    expect(Math.max(...counts) - Math.min(...counts)).to.be.at.most(1);
    for (const family of FAMILIES) {
      expect(await query(`SELECT n FROM ${family}`)).to.deep.equal(ok(results('{"n":1}')));
    }
  });
}

describe('The challenge, with curl, on the embedded default', function () {
  this.timeout(60_000);
  let place: Place;
  let sluice: SluiceProcess;
  before(async () => {
    place = await newPlace('http://127.0.0.1:9');
    sluice = await startSluice({ ...place.env, SLUICE_COMPAT: 'databalancer' });
  });
  after(async () => {
    await sluice?.end('SIGTERM');
    await place?.remove();
  });

  clientOf(() => sluice);

  it('has the same tenant and tables after a restart', async () => {
    expect(await sluice.end('SIGTERM')).to.equal(0);
    sluice = await startSluice({ ...place.env, SLUICE_COMPAT: 'databalancer' });
    const { text } = await curl(`${sluice.url}/api/describe`);
    const { tables } = JSON.parse(text) as { tables: { name: string }[] };
    expect(tables.map(({ name }) => name)).to.have.members(['dog_registry', ...FAMILIES]);
    const { body } = await sluice.call('GET', '/v1/tenants');
    expect(body.items.map(({ name }: { name: string }) => name)).to.deep.equal(['databalancer']);
  });
});

describe('The challenge, with curl, on three MySQL servers', function () {
  this.timeout(60_000);
  let servers: readonly MysqlServer[] = [];
  let place: Place;
  let sluice: SluiceProcess;
  before(async function () {
    // The store's own suite says that MySQL is missing.
    if (mysqlMissing() !== undefined) return this.skip();
    servers = await startMysqlServers(3);
    place = await newPlace('http://127.0.0.1:9');
    const shards = servers.map(({ url }, i) => `mysql${i + 1}=${url}`).join(',');
    sluice = await startSluice({ ...place.env, SLUICE_COMPAT: 'databalancer', SLUICE_LOG_SHARDS: shards });
  });
  after(async () => {
    await sluice?.end('SIGTERM');
    await Promise.all(servers.map((server) => server.remove()));
    await place?.remove();
  });

  clientOf(() => sluice);

  it('has the tables on the servers themselves, each on one', async () => {
    const found = await Promise.all(servers.map(({ url }) => tablesOn(url)));
    expect(found.flat().sort()).to.deep.equal(['dog_registry', ...FAMILIES].sort());
    expect(found.map((tables) => tables.length)).to.have.members([4, 4, 5]);
  });
});

/** The tables of tenants, those of ours left out. */
async function tablesOn(url: string): Promise<string[]> {
  const connection = await mysql.createConnection(url);
  try {
    const [rows] = await connection.query(
      String.raw`SELECT table_name AS name FROM information_schema.tables
        WHERE table_schema LIKE 't\_%' AND LEFT(table_name, 1) <> '_'`,
    );
    return (rows as { name: string }[]).map(({ name }) => name);
  } finally {
    await connection.end();
  }
}
