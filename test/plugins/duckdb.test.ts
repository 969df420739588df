import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Objects } from '../../core/kernel/objects.ts';
import type { WarehouseSession } from '../../core/kernel/warehouse.ts';
import plugin from '../../plugins/duckdb/index.ts';
import folder from '../../plugins/folder/index.ts';
import { objectStoreOf } from './object-store.contract.ts';
import {
  columnsOf,
  csvOf,
  LIMITS,
  refusedWork,
  warehouseContract,
  warehouseOf,
} from './warehouse.contract.ts';

const warehouse = warehouseOf(plugin);

describe('the warehouse of DuckDB', () => {
  let parent: string;
  let count = 0;
  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  });
  after(() => rm(parent, { recursive: true, force: true }));

  async function newObjects(): Promise<Objects> {
    const place = join(parent, `objects ${count++}`);
    await mkdir(place);
    return objectStoreOf(folder).open(place);
  }
  const scratch = (): string => join(parent, `scratch's ${count}`);

  warehouseContract({
    plugin,
    objects: newObjects,
    open: async (objects) =>
      warehouse.open('duckdb:?memory=256MB&threads=2', { objects, scratch: scratch() }),
  });

  it('is opened by a URL, and refuses one with what is wrong', async () => {
    const objects = await newObjects();
    for (const url of ['duckdb:', warehouse.example])
      await warehouse.open(url, { objects, scratch: scratch() }).close();
    const wrong: Readonly<Record<string, string>> = {
      'duckdb:/data/file.duckdb': 'has no place',
      'duckdb:?memory=lots': 'memory=lots',
      'duckdb:?threads=0': 'threads=0',
      'duckdb:?path=x': 'parameter "path"',
      snowflake: 'duckdb:?memory=1GB',
    };
    for (const [url, message] of Object.entries(wrong)) {
      expect(() => warehouse.open(url, { objects, scratch: scratch() }), url).to.throw(message);
    }
  });

  describe('a statement', () => {
    let objects: Objects;
    let session: WarehouseSession;
    let secret: string;
    beforeEach(async () => {
      objects = await newObjects();
      session = warehouse.open('duckdb:', { objects, scratch: scratch() });
      secret = join(parent, 'secret.csv');
      await writeFile(secret, 'a\n');
    });
    afterEach(() => session.close());

    it('reads no file but its inputs, and reaches nothing else', async () => {
      const columns = columnsOf('id text');
      for (const key of ['mine', 'other']) await session.writeRows(csvOf('x'), { columns, sortBy: [], key });
      const other = await objects.withFiles(['other'], async ([path]) => path!);
      const inputs = { mine: { columns, objects: [{ key: 'mine' }] } };
      const ask = (sql: string): Promise<unknown> => session.query(inputs, { sql }, LIMITS);
      await ask('SELECT * FROM mine');
      for (const sql of [
        `SELECT * FROM read_csv('${secret}')`,
        `SELECT * FROM read_text('${secret}')`,
        `SELECT * FROM '${secret}'`,
        `SELECT * FROM glob('${parent}/*')`,
        `SELECT * FROM read_parquet('${other}')`,
        `SELECT * FROM read_parquet('${join(other, '..', '*')}')`,
        "SELECT * FROM read_csv('/proc/self/environ')",
        "SELECT getenv('HOME')",
        "SELECT * FROM read_csv('https://example.com/x.csv')",
        `COPY (SELECT 1) TO '${parent}/made.csv'`,
        `ATTACH '${parent}/made.duckdb'`,
        'SET enable_external_access = true',
        "SET memory_limit = '100GB'",
        'RESET lock_configuration',
        'INSTALL httpfs',
        'LOAD httpfs',
        "PRAGMA memory_limit = '1GB'",
        'EXPLAIN ANALYZE SELECT 1',
      ]) {
        await refusedWork(
          'refused',
          ask(sql).then(() => expect.fail(sql)),
        );
      }
    });

    it('spills to its scratch folder, of which nothing is left', async function () {
      this.timeout(30_000);
      const own = scratch();
      const small = warehouse.open('duckdb:?memory=64MB&threads=1', { objects, scratch: own });
      const sql = "SELECT 'some text that takes room ' || hash(i) AS id, i AS n FROM range(1000000) AS t(i)";
      const columns = columnsOf('id text', 'n bigint');
      const [written] = await small.write({}, { sql }, { columns, sortBy: ['id'], keyOf: () => 'large' });
      expect(written).to.have.property('rows', 1_000_000);
      const inputs = { large: { columns, objects: [{ key: 'large' }] } };
      const unsorted = 'SELECT count(*) FROM (SELECT id < lag(id) OVER () AS wrong FROM large) WHERE wrong';
      const one = warehouse.open('duckdb:?threads=1', { objects, scratch: own });
      expect((await one.query(inputs, { sql: unsorted }, LIMITS)).rows).to.deep.equal([[0]]);
      await small.close();
      await one.close();
      expect(await readdir(own)).to.deep.equal([]);
    });

    it('that needs more than there is ends with that, and the next one runs', async () => {
      const small = warehouse.open('duckdb:?memory=32MB&threads=1', { objects, scratch: scratch() });
      const sql = 'SELECT length(string_agg(CAST(hash(i) AS varchar))) FROM range(5000000) AS t(i)';
      const error = await refusedWork('exhausted', small.query({}, { sql }, LIMITS));
      expect(error.message).to.contain('memory=');
      expect((await small.query({}, { sql: 'SELECT 1' }, LIMITS)).rows).to.deep.equal([[1]]);
      await small.close();
    });
  });

  it('removes what dead processes left in its scratch folder, and nothing else', async () => {
    const own = scratch();
    const dead = '4194305-5ab1c3c4-6f6e-4d5e-8d3f-0123456789ab';
    const alive = `${process.pid}-5ab1c3c4-6f6e-4d5e-8d3f-0123456789ab`;
    for (const name of [dead, alive, 'else']) await mkdir(join(own, name), { recursive: true });
    const session = warehouse.open('duckdb:', { objects: await newObjects(), scratch: own });
    await session.query({}, { sql: 'SELECT 1' }, LIMITS);
    expect((await readdir(own)).sort()).to.deep.equal([alive, 'else'].sort());
    await session.close();
  });
});
