import { expect } from 'chai';
import { decodeRow } from '../../../../core/domains/logs/sql/decode.ts';
import { SqlParser, type CompiledQuery } from '../../../../core/domains/logs/sql/sql-parser.ts';
import { SluiceError } from '../../../../core/kernel/errors.ts';
import type { LogStatement } from '../../../../core/kernel/logs.ts';
import { mysqlMissing } from '../../../support/mysql-servers.ts';
import { soak } from '../../../support/soak.ts';
import { Coverage } from './coverage.ts';
import { Generator } from './generator.ts';
import { inFlight } from './in-flight.ts';
import { mutate } from './mutate.ts';
import { Random } from '../../../support/random.ts';
import { catalogOf, GENERATED } from './sample.ts';
import { mysqlSample, postgresSample, type SampleServer } from './servers.ts';

const NOW = new Date('2026-03-04T05:06:07.890Z');
const SEED = Number(process.env['SLUICE_TEST_SEED'] ?? 20260304);
const QUERIES = soak(2000, 20_000);
const MUTANTS = soak(500, 5000);
/** How often each kind of node, operator, function and type is to occur. */
const LEAST = QUERIES / 500;

const WITH_ROWS = GENERATED.filter(({ name }) => name !== 'bare');

describe('queries written for a shard', function () {
  this.timeout(1_200_000);
  let mysql: SampleServer;
  let postgres: SampleServer;
  let parser: SqlParser;

  before(async function () {
    const missing = mysqlMissing();
    if (missing) this.skip();
    mysql = await mysqlSample(GENERATED);
    await mysql.run({ sql: `SET timestamp = ${NOW.getTime() / 1000}`, values: [] });
    postgres = await postgresSample(GENERATED);
    parser = new SqlParser({ timeoutMs: 10_000 });
  });

  after(async () => {
    await parser?.close();
    await mysql?.close();
    await postgres?.close();
  });

  it(`give what MariaDB answers to the text itself, on both kinds of store (seed ${SEED}, ${QUERIES} queries)`, async () => {
    const generator = new Generator(SEED, GENERATED);
    const coverage = await Coverage.start(catalogOf(GENERATED));
    let answered = 0;
    await inFlight(Math.ceil(QUERIES * 1.05), 4, () => generator.query(), async ({ sql, ordered }) => {
      const query = await compiled(sql);
      if (!query) return;
      await agree(sql, query, ordered);
      coverage.add(sql);
      answered += 1;
    });
    expect(answered, 'few are refused').to.be.at.least(QUERIES);
    expect(coverage.missing(LEAST), 'what too few of the queries were made of').to.deep.equal([]);
  });

  it(`do so for what is left of queries that lost operators and parentheses (seed ${SEED}, ${MUTANTS} accepted)`, async () => {
    const generator = new Generator(SEED + 1, WITH_ROWS);
    const random = new Random(SEED + 2);
    // Blanks stand before parentheses here.
    await mysql.run({ sql: "SET sql_mode = CONCAT(@@sql_mode, ',IGNORE_SPACE')", values: [] });
    let answered = 0;
    await inFlight(MUTANTS * 20, 4, () => mutate(generator.query().sql, random), async (sql) => {
      if (answered === MUTANTS || / LIMIT /.test(sql)) return;
      const query = await compiled(sql);
      if (!query) return;
      answered += 1;
      await agree(sql, query, false);
    });
    expect(answered).to.be.at.least(MUTANTS);
  });

  it('give the same for what a generator does not reach', async () => {
    for (const sql of SINGULAR) {
      const query = await compiled(sql);
      if (!query) throw new Error(`Refused: ${sql}`);
      await agree(sql, query, false);
    }
  });

  async function compiled(sql: string): Promise<CompiledQuery | undefined> {
    try {
      return await parser.compile(sql, catalogOf(GENERATED), NOW);
    } catch (error) {
      if (error instanceof SluiceError) return undefined;
      throw error;
    }
  }

  /** Fails where the three answers differ, or the names of the columns do. */
  async function agree(text: string, query: CompiledQuery, ordered: boolean): Promise<void> {
    const [forMysql, forPostgres] = [query.statementFor('mysql', mysql.home), query.statementFor('postgres', postgres.home)];
    const [original, onMysql, onPostgres] = await Promise.all([
      answer(mysql, query, { sql: text, values: [] }, ordered),
      answer(mysql, query, forMysql, ordered),
      answer(postgres, query, forPostgres, ordered),
    ]);
    const about = (written: LogStatement): string => `seed ${SEED}: ${text}\nwritten as ${JSON.stringify(written)}\n`;
    expect(onMysql.rows, about(forMysql)).to.deep.equal(original.rows);
    expect(onPostgres.rows, about(forPostgres)).to.deep.equal(original.rows);
    // MariaDB cuts long names, has no emoji in them, and mixes them up where columns are grouped.
    if (!original.columns || /GROUP BY|[^ -~]/i.test(text)) return;
    const cut = (names: readonly string[]): readonly string[] => names.map((name) => name.replace(/^\+ /, '').slice(0, 200));
    expect(cut(query.columns.map(({ name }) => name)), text).to.deep.equal(cut(original.columns));
  }
});

const SINGULAR = [
  'SELECT NOW(), now() > ts FROM t',
  'SELECT 0--1, 5 - -3, - - 2, 9223372036854775807, -9223372036854775808, 9223372036854775808, 1e308',
  "SELECT 'a\\%b', 'a\\_b', 'tab\\there', 'nul', \"q\"\"q\", 'q''q', '\\\\', 'x' = 'X', 'x ' = 'x'",
  'SELECT 1 WHERE 1 = 0',
  'SELECT COUNT(*), MAX(a), SUM(a), AVG(a) FROM t WHERE 1 = 0',
  'SELECT COUNT(*) FROM t HAVING COUNT(*) > 100',
  'SELECT b % 3 AS g, (b % 3) * 2, COUNT(*) FROM t GROUP BY b % 3 HAVING g > 0 OR g = -1',
  'SELECT LOWER(s) AS low, COUNT(*) c FROM t GROUP BY low HAVING low IS NOT NULL ORDER BY c DESC, low',
  'SELECT a AS z FROM t HAVING z > 1',
  'SELECT AVG(a), AVG(DISTINCT b), SUM(flag), AVG(a > 1), MIN(flag), MAX(ts), 7 / 2, 1 / 3, a / 0, a % 0 FROM t GROUP BY a',
  'SELECT a FROM t UNION SELECT NULL UNION ALL (SELECT b FROM t ORDER BY b DESC LIMIT 2) ORDER BY a',
  '(SELECT a FROM t ORDER BY id LIMIT 3) UNION (SELECT a FROM u)',
  '((SELECT a FROM t))',
  '(SELECT a FROM t ORDER BY a) LIMIT 100',
  'SELECT t.id, x.* FROM t, (SELECT a, COUNT(*) AS n FROM u GROUP BY a) x WHERE x.a = t.a',
  'SELECT * FROM t JOIN u USING (id) LEFT JOIN t v USING (id) WHERE id < 5',
  'WITH w AS (SELECT a FROM t), v AS (SELECT a FROM w WHERE a > 1) SELECT w.a, v.a FROM w LEFT JOIN v ON w.a = v.a',
  'SELECT CASE a WHEN 1 THEN 2 END, CASE WHEN flag THEN s ELSE NULL END FROM t',
  "SELECT s FROM t WHERE ts IN ('2026-01-01', '2025-12-31 23:59:59.999999') OR ts < '2000-01-01 00:00'",
  'SELECT s /* why */, -- not\n a # so\n FROM t',
  'SELECT f / 3, f * 1e10, f % 0.25, -f FROM t',
  `SELECT a FROM t WHERE ${Array.from({ length: 400 }, (_, i) => `a <> ${i + 50}`).join(' AND ')}`,
  `SELECT ${Array.from({ length: 30 }, () => '(').join('')}a${Array.from({ length: 30 }, () => ')').join('')} FROM t`,
];

interface Answer {
  readonly columns: readonly string[] | undefined;
  readonly rows: readonly string[];
}

/** Rows as JSON; where the server refuses to answer, that it does. */
async function answer(server: SampleServer, query: CompiledQuery, statement: LogStatement, ordered: boolean): Promise<Answer> {
  try {
    const { columns, rows } = await server.run(statement);
    const shown = rows.map((row) => JSON.stringify(decodeRow(query, row)));
    return { columns, rows: ordered ? shown : shown.sort() };
  } catch (error) {
    return { columns: undefined, rows: [`refused: ${process.env['SLUICE_TEST_ERRORS'] ? String(error) : ''}`] };
  }
}
