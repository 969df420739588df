import { expect } from 'chai';
import { decodeRow } from '../../../../core/domains/logs/sql/decode.ts';
import { SqlParser } from '../../../../core/domains/logs/sql/sql-parser.ts';
import { SluiceError } from '../../../../core/kernel/errors.ts';
import { mysqlMissing } from '../../../support/mysql-servers.ts';
import { soak } from '../../../support/soak.ts';
import { inFlight } from './in-flight.ts';
import { Random } from '../../../support/random.ts';
import { catalogOf, ONE_SHARD } from './sample.ts';
import { mysqlSample, postgresSample, type SampleServer } from './servers.ts';

const NOW = new Date('2026-03-04T05:06:07.890Z');
const SEED = Number(process.env['SLUICE_TEST_SEED'] ?? 20260304);
/** Sets of operands that each mix is tried with: one alone may give the same for two meanings. */
const TRIES = { pair: soak(8, 40), triple: soak(1, 8) };
const EXPRESSIONS = 150;

/** All operators, `_` where an operand stands that no other operator may follow into: their middle is closed. */
const BINARY = ['=', '<>', '!=', '<', '<=', '>', '>=', '<=>', '+', '-', '*', '/', '%', 'AND', 'OR', 'LIKE', 'NOT LIKE', 'BETWEEN _ AND', 'NOT BETWEEN _ AND'];
const AFTER = ['IS NULL', 'IS NOT NULL', 'IS TRUE', 'IS NOT TRUE', 'IS FALSE', 'IS UNKNOWN', 'IN (_, _)', 'NOT IN (_, _)', "LIKE _ ESCAPE '|'"];
const BEFORE = ['NOT', '-', '+', 'EXISTS (SELECT 1) AND', 'CASE WHEN TRUE THEN 1 END +'];
/** Kinds that fit each other. No decimals: to MariaDB `-1 % 0.5` is a negative zero, which is not BETWEEN 0 AND 0. */
const OPERANDS = [
  ['0', '1', '2', '3', '7', '5', '4e0', 'NULL'],
  ['0', '1', 'TRUE', 'FALSE', 'NULL'],
  ['0', '1', '2', '3', '-7', 'TRUE', 'FALSE', 'NULL', "'a'", "'1'", "'%'"],
];

/** Two and three operators in a row, without parentheses: `_` is to become an operand. */
function* mixes(): Generator<readonly [mix: string, size: keyof typeof TRIES]> {
  const operators = [...BINARY.map((operator) => `${operator} _`), ...AFTER];
  for (const first of operators) {
    for (const before of BEFORE) yield [`${before} _ ${first}`, 'pair'];
    for (const second of operators) {
      yield [`_ ${first} ${second}`, 'pair'];
      for (const before of BEFORE) {
        yield [`${before} _ ${first} ${second}`, 'triple'];
        yield [`_ ${first.replace(/_$/, `${before} _`)} ${second}`, 'triple'];
      }
      for (const third of operators) yield [`_ ${first} ${second} ${third}`, 'triple'];
    }
  }
}

describe('a mix of operators without parentheses', function () {
  this.timeout(600_000);
  let mysql: SampleServer;
  let postgres: SampleServer;
  const parser = new SqlParser({ timeoutMs: 10_000 });

  before(async function () {
    if (mysqlMissing()) this.skip();
    [mysql, postgres] = await Promise.all([mysqlSample([]), postgresSample([])]);
  });
  after(async () => {
    await parser.close();
    await mysql?.close();
    await postgres?.close();
  });

  it(`means what MariaDB means by it, or is refused (seed ${SEED})`, async function () {
    const random = new Random(SEED);
    const withOperands = (mix: string): string => {
      const operands = random.pick(OPERANDS);
      return mix.replaceAll('_', () => random.pick(operands));
    };
    const all = [...mixes()].flatMap(([mix, size]) => Array.from({ length: TRIES[size] }, () => withOperands(mix)));
    const drawn = [...new Set(all)];
    const accepted: string[] = [];
    await inFlight(drawn.length, 100, (index) => drawn[index]!, async (mix) => {
      if (await isAccepted(`SELECT ${mix}`)) accepted.push(mix);
    });
    for (let at = 0; at < accepted.length; at += EXPRESSIONS) await agree(accepted.slice(at, at + EXPRESSIONS));
    this.test!.title += `: ${accepted.length} accepted of ${drawn.length}`;
    expect(accepted.length).to.be.above(5000);
  });

  async function isAccepted(text: string): Promise<boolean> {
    try {
      await parser.compile(text, catalogOf([]), NOW);
      return true;
    } catch (error) {
      if (error instanceof SluiceError && error.status < 500) return false;
      throw new Error(`Not refused, but failed: ${text}`, { cause: error });
    }
  }

  async function agree(expressions: readonly string[]): Promise<void> {
    const text = `SELECT ${expressions.join(', ')}`;
    const query = await parser.compile(text, catalogOf(ONE_SHARD), NOW);
    const [original] = (await mysql.run({ sql: text, values: [] })).rows;
    const wanted = decodeRow(query, original!);
    for (const [dialect, server] of [['mysql', mysql], ['postgres', postgres]] as const) {
      const [row] = (await server.run(query.statementFor(dialect, server.home))).rows;
      const found = decodeRow(query, row!);
      const wrong = expressions.flatMap((expression, index) =>
        JSON.stringify(found[index]) === JSON.stringify(wanted[index]) ? [] : [`${expression} is ${JSON.stringify(wanted[index])}, not ${JSON.stringify(found[index])}`],
      );
      expect(wrong, dialect).to.deep.equal([]);
    }
  }
});
