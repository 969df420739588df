import { expect } from 'chai';
import { decodeRow } from '../../../../core/domains/logs/sql/decode.ts';
import { MOST_COLUMNS, MOST_CONDITIONS, MOST_CTES, MOST_LEVELS, MOST_TABLES } from '../../../../core/domains/logs/sql/limits.ts';
import { SqlParser } from '../../../../core/domains/logs/sql/sql-parser.ts';
import type { Json } from '../../../../core/kernel/json.ts';
import { mysqlMissing } from '../../../support/mysql-servers.ts';
import { catalogOf, FAR, ONE_SHARD, TWO_SHARDS } from './sample.ts';
import { mysqlSample, postgresSample, type SampleServer } from './servers.ts';

const NOW = new Date('2026-03-04T05:06:07.890Z');
const FAMILIES = [...ONE_SHARD, FAR];

describe('answers to SQL', function () {
  this.timeout(120_000);
  const parser = new SqlParser();
  after(() => parser.close());

  const dialects = { mysql: mysqlSample, postgres: postgresSample } as const;
  for (const [dialect, open] of Object.entries(dialects) as ['mysql' | 'postgres', typeof mysqlSample][]) {
    describe(`on ${dialect}`, () => {
      let server: SampleServer;
      before(async function () {
        if (dialect === 'mysql' && mysqlMissing()) this.skip();
        server = await open(FAMILIES);
      });
      after(() => server?.close());

      const ask = async (text: string): Promise<readonly (readonly Json[])[]> => {
        const query = await parser.compile(text, catalogOf(TWO_SHARDS), NOW);
        const { rows } = await server.run(query.statementFor(dialect, server.home));
        return rows.map((row) => decodeRow(query, row));
      };

      it('divides as MySQL does', async () => {
        expect(await ask('SELECT 7 / 2, 1 / 3, 2 / 3, 1 / 0, 5 % 0, -7 % 3, 1 / 3 * 3')).to.deep.equal([
          [3.5, 0.3333, 0.6667, null, null, -1, 1],
        ]);
        expect(await ask('SELECT AVG(a), SUM(a), AVG(f) FROM t WHERE id < 4')).to.deep.equal([[2, 6, -0.375]]);
      });

      it('shows comparisons as 0 and 1, and bools as themselves', async () => {
        const [row] = await ask('SELECT flag, flag = TRUE, a > 1, NULL = 1, TRUE, COALESCE(flag, FALSE) FROM t WHERE id = 1');
        expect(row).to.deep.equal([true, 1, 0, null, 1, true]);
      });

      it('puts NULLs first, and last when descending', async () => {
        const ids = async (text: string): Promise<readonly Json[]> => (await ask(text)).map(([id]) => id!);
        expect(await ids('SELECT id FROM u ORDER BY a, id')).to.deep.equal([3, 1, 2, 4, 5]);
        expect(await ids('SELECT id FROM u ORDER BY a DESC, id')).to.deep.equal([5, 2, 4, 1, 3]);
      });

      it('compares texts byte by byte, blanks at the end included', async () => {
        expect(await ask("SELECT id FROM t WHERE s = 'abc' ORDER BY id")).to.deep.equal([[1], [9]]);
        expect(await ask("SELECT id FROM t WHERE s LIKE 'ABC'")).to.deep.equal([[2]]);
        expect(await ask('SELECT CHAR_LENGTH(s), UPPER(s) FROM t WHERE id = 8')).to.deep.equal([[2, 'É😀']]);
      });

      it('takes whole numbers beyond 2^53 as text, and decimals beyond 15 digits', async () => {
        expect(await ask('SELECT 9007199254740991, 9007199254740992, 1.50, 12345678901234567.5, -0.0')).to.deep.equal([
          [9007199254740991, '9007199254740992', 1.5, '12345678901234567.5', 0],
        ]);
      });

      it('shows times in UTC with microseconds', async () => {
        expect(await ask('SELECT ts, NOW() FROM t WHERE id = 2')).to.deep.equal([
          ['2026-01-01T00:00:00.000001Z', '2026-03-04T05:06:07.000000Z'],
        ]);
        expect(await ask("SELECT id FROM t WHERE ts = '2026-01-01T01:00:00.000001+01:00'")).to.deep.equal([[2]]);
      });

      it('writes raw_logs of the families named: keys sorted, absent fields left out', async () => {
        const rows = await ask("SELECT id, family, log FROM raw_logs WHERE family IN ('t', 'u', 'none') AND id IN (4, 5) ORDER BY family, id");
        expect(rows.map(([id, family, log]) => [id, family, JSON.parse(log as string)])).to.deep.equal([
          [4, 't', { a: 3, b: 0, f: 1024, flag: true, j: { a: 1 } }],
          [5, 't', { b: -7, f: 0, flag: false, j: null, s: "it's 100%", ts: '2026-06-01T12:30:00.000000Z' }],
          [4, 'u', { Name: 'x', a: 3, at: '1999-02-03T04:05:06.000000Z', ok: true }],
          [5, 'u', { Name: 'é😀', a: 100, at: '2026-01-01T00:00:00.000001Z', ok: false }],
        ]);
        expect(rows[0]![2]).to.equal('{"a":3,"b":0,"f":1024,"flag":true,"j":{"a":1}}');
      });

      it('joins a NULL to comparisons, numbers and texts', async () => {
        expect(await ask("SELECT NULL, NULL, NULL UNION SELECT b = 10, b / 2, s FROM t WHERE id = 1 ORDER BY 1")).to.deep.equal([
          [null, null, null],
          [1, 5, 'abc'],
        ]);
        expect(await ask('SELECT a > 1 FROM t WHERE id = 1 UNION ALL SELECT flag FROM t WHERE id = 1 UNION ALL SELECT NULL')).to.deep.equal([[false], [true], [null]]);
      });

      it('names the columns of a query in FROM', async () => {
        expect(await ask('SELECT x.n, x.m FROM (SELECT COUNT(*), MAX(a) FROM t) AS x (n, m)')).to.deep.equal([[9, 12]]);
      });

      // 400 divisions ended MariaDB's process, 62 tables and 1,665 columns were errors of a server.
      it('has the largest query of each kind answered', async () => {
        const many = (count: number, each: (index: number) => string, between: string): string => Array.from({ length: count }, (_, index) => each(index)).join(between);
        expect(await ask(`SELECT ${many(MOST_LEVELS - 1, () => 'a', ' / ')} IS NULL FROM t WHERE id = 1`)).to.deep.equal([[0]]);
        expect(await ask(`SELECT COUNT(*) FROM ${many(MOST_TABLES, (index) => `u x${index}`, ', ')} WHERE ${many(MOST_TABLES, (index) => `x${index}.id = 1`, ' AND ')}`)).to.deep.equal([[1]]);
        const [row] = await ask(`SELECT ${many(MOST_COLUMNS - 1, () => 'a', ', ')} FROM t WHERE id = 1 ORDER BY b`);
        expect(row).to.have.length(MOST_COLUMNS - 1);
        expect(await ask(`WITH ${many(MOST_CTES, (index) => `w${index} AS (SELECT ${index} AS n)`, ', ')} SELECT n FROM w7`)).to.deep.equal([[7]]);
        expect(await ask(`SELECT id FROM t WHERE ${many(MOST_CONDITIONS, (index) => `a <> ${index + 50}`, ' AND ')} AND id = 1`)).to.deep.equal([[1]]);
      });

      it('asks raw_logs as any other table', async () => {
        expect(await ask("SELECT COUNT(*) FROM raw_logs WHERE family = 'none'")).to.deep.equal([[0]]);
        expect(await ask("SELECT u.id FROM u JOIN raw_logs r ON r.id = u.id WHERE r.family = 'u' AND r.log LIKE '%\"x\"%'")).to.deep.equal([[4]]);
        expect(await ask("SELECT family, COUNT(*) AS n FROM raw_logs WHERE family IN ('t', 'u') GROUP BY family ORDER BY n")).to.deep.equal([['u', 5], ['t', 9]]);
        expect(await ask("SELECT t.s FROM t, raw_logs r WHERE r.family = 'u' AND r.id = 1 AND t.s > r.family")).to.deep.equal([['é😀']]);
        expect(await ask("SELECT id FROM raw_logs WHERE 'far' = family")).to.deep.equal([[1]]);
      });
    });
  }
});

describe('a compiled query', () => {
  const parser = new SqlParser();
  after(() => parser.close());
  const compile = (text: string): ReturnType<SqlParser['compile']> => parser.compile(text, catalogOf(TWO_SHARDS), NOW);

  it('names its columns, families and shard', async () => {
    const query = await compile("SELECT t.id, COUNT(*), t.a  +  1 AS `a + 1`, 'x', NULL FROM t, u GROUP BY 1, 3");
    expect(query.columns).to.deep.equal([
      { name: 'id', type: 'int' },
      { name: 'COUNT(*)', type: 'int' },
      { name: 'a + 1', type: 'int' },
      { name: 'x', type: 'string' },
      { name: 'NULL', type: 'string' },
    ]);
    expect(query.families).to.deep.equal(['t', 'u']);
    expect(query.shard).to.equal('one');
    expect((await compile('SELECT 1')).shard).to.equal(undefined);
    expect((await compile("SELECT log FROM raw_logs WHERE family = 'far'")).shard).to.equal('two');
  });

  it('binds every value, and holds no text of the query', async () => {
    const query = await compile("SELECT s AS `drop table`, 'secret' FROM t AS `hidden` WHERE s = 'x; --' AND a = 5 AND ts > '2026-01-01'");
    const { sql, values } = query.statementFor('mysql', 'home');
    expect(values).to.deep.equal(['secret', 'x; --', 5, '2026-01-01 00:00:00.000000']);
    expect(sql).to.not.match(/drop|secret|hidden|x;|2026/);
  });

  it('refuses a NUL in a text only where the store holds none', async () => {
    const query = await compile("SELECT s FROM t WHERE s = 'a\\0b'");
    expect(query.statementFor('mysql', 'home').values).to.deep.equal(['a\0b']);
    expect(() => query.statementFor('postgres', 'home')).to.throw(/holds no texts with a NUL/);
  });
});
