import { expect } from 'chai';
import { decodeRow } from '../../../../core/domains/logs/sql/decode.ts';
import { SqlParser, type CompiledQuery } from '../../../../core/domains/logs/sql/sql-parser.ts';
import { SluiceError } from '../../../../core/kernel/errors.ts';
import type { LogStatement } from '../../../../core/kernel/logs.ts';
import { mysqlMissing } from '../../../support/mysql-servers.ts';
import { Generator } from './generator.ts';
import { catalogOf, ONE_SHARD } from './sample.ts';
import { mysqlSample, postgresSample, type SampleServer } from './servers.ts';

const NOW = new Date('2026-03-04T05:06:07.890Z');
const SEED = Number(process.env['SLUICE_TEST_SEED'] ?? 20260304);
const QUERIES = Number(process.env['SLUICE_TEST_QUERIES'] ?? (process.env['SLUICE_SOAK'] === '1' ? 20_000 : 300));

describe('queries written for a shard', function () {
  this.timeout(600_000);
  let mysql: SampleServer;
  let postgres: SampleServer;
  let parser: SqlParser;

  before(async function () {
    if (mysqlMissing()) this.skip();
    mysql = await mysqlSample(ONE_SHARD);
    await mysql.run({ sql: `SET timestamp = ${NOW.getTime() / 1000}`, values: [] });
    postgres = await postgresSample(ONE_SHARD);
    parser = new SqlParser({ timeoutMs: 10_000 });
  });

  after(async () => {
    await parser?.close();
    await mysql?.close();
    await postgres?.close();
  });

  it(`give what MariaDB answers to the text itself, on both kinds of store (seed ${SEED}, ${QUERIES} queries)`, async () => {
    const generator = new Generator(SEED);
    let answered = 0;
    for (let i = 0; answered < QUERIES; i++) {
      if (i > QUERIES * 3) throw new Error(`Only ${answered} of ${i} generated queries were accepted.`);
      const { sql, ordered } = generator.query();
      if (await agree(sql, ordered)) answered += 1;
    }
  });

  /** Whether the query was accepted; fails where it is and the three answers differ. */
  async function agree(text: string, ordered: boolean): Promise<boolean> {
    let query: CompiledQuery;
    try {
      query = await parser.compile(text, catalogOf(ONE_SHARD), NOW);
    } catch (error) {
      if (error instanceof SluiceError) return false;
      throw error;
    }
    const original = await answer(mysql, query, { sql: text, values: [] }, ordered);
    const onMysql = await answer(mysql, query, query.statementFor('mysql', mysql.home), ordered);
    const onPostgres = await answer(postgres, query, query.statementFor('postgres', postgres.home), ordered);
    const about = (dialect: 'mysql' | 'postgres'): string =>
      `${text}\n${JSON.stringify(query.statementFor(dialect, 'home'))}`;
    expect(onMysql.rows, about('mysql')).to.deep.equal(original.rows);
    expect(onPostgres.rows, about('postgres')).to.deep.equal(original.rows);
    if (original.columns) expect(query.columns.map(({ name }) => name), text).to.deep.equal(original.columns);
    return true;
  }
});

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
