import { expect } from 'chai';
import { SqlParser } from '../../../../core/domains/logs/sql/sql-parser.ts';
import { SluiceError } from '../../../../core/kernel/errors.ts';
import { catalogOf, TWO_SHARDS } from './sample.ts';

const NOW = new Date('2026-03-04T05:06:07.890Z');
const repeated = (text: string, count: number, between: string): string => Array.from({ length: count }, () => text).join(between);

/** Query, code, and what the message begins with. */
type Refusal = readonly [query: string, code: string, message: string];

const NOT_QUERIES: readonly Refusal[] = [
  ['', 'SQL_SYNTAX', 'there is no statement: send one SELECT'],
  [' \n\t', 'SQL_SYNTAX', 'there is no statement: send one SELECT'],
  [';', 'SQL_SYNTAX', 'there is no statement: send one SELECT'],
  ['-- nothing', 'SQL_SYNTAX', 'there is no statement: send one SELECT'],
  ['/* nothing */', 'SQL_SYNTAX', 'there is no statement: send one SELECT'],
  ['SELECT 1; SELECT 2', 'SQL_REFUSED', 'At line 1, column 11: a second statement begins here: send one SELECT at a time'],
  ['SELECT 1; DROP TABLE t', 'SQL_REFUSED', 'At line 1, column 11: a second statement'],
  ...['INSERT INTO t VALUES (1)', 'UPDATE t SET a = 1', 'DELETE FROM t', 'DROP TABLE t', 'SET GLOBAL x = 1', 'CALL p()', 'SHOW TABLES', 'EXPLAIN SELECT 1', 'DESCRIBE t', 'TABLE t', 'VALUES ROW(1)', 'HANDLER t OPEN', 'DO SLEEP(1)', 'LOAD DATA INFILE "x" INTO TABLE t', 'GRANT ALL ON *.* TO x', 'BEGIN', 'USE mysql', 'PREPARE s FROM "x"'].map(
    (query): Refusal => [query, 'SQL_REFUSED', `At line 1, column 1: ${query.split(' ')[0]} is not accepted: only queries are`],
  ),
  ['SELEC 1', 'SQL_SYNTAX', 'At line 1, column 1: a query begins with SELECT, WITH or ('],
  ['SELECT', 'SQL_SYNTAX', 'At line 1, column 7: Expected: '],
  ['SELECT 1 +', 'SQL_SYNTAX', 'At line 1, column 11: Expected: an expression, and the query ends here'],
  ['SELECT a FROM\n  t WHERE )', 'SQL_SYNTAX', 'At line 2, column 11: Expected: an expression, found )'],
  ["SELECT 'abc", 'SQL_SYNTAX', "At line 1, column 8: this text has no end: ' is missing"],
  ['SELECT `abc', 'SQL_SYNTAX', 'At line 1, column 8: this name has no end: ` is missing'],
  ['SELECT 1 /* x', 'SQL_SYNTAX', 'At line 1, column 10: this comment has no end'],
  ["SELECT '\ud800'", 'SQL_SYNTAX', 'At line 1, column 9: half of a surrogate pair'],
  ['SELECT * FROM (SELECT 1)', 'SQL_SYNTAX', 'At line 1, column 16: a query in FROM needs a name'],
  ['SELECT key FROM t', 'SQL_REFUSED', 'At line 1, column 8: key is a reserved word: as a name it needs backticks'],
];

const LEXER: readonly Refusal[] = [
  ['SELECT /*! 1 */', 'SQL_REFUSED', 'At line 1, column 8: comments that a server would execute'],
  ['SELECT /*!50000 1 */ 2', 'SQL_REFUSED', 'At line 1, column 8: comments that a server would execute'],
  ['SELECT /*M! 1 */ 2', 'SQL_REFUSED', 'At line 1, column 8: comments that a server would execute'],
  ['SELECT /*+ MAX_EXECUTION_TIME(1) */ 1', 'SQL_REFUSED', 'At line 1, column 8: comments that a server would execute'],
  ['SELECT @v', 'SQL_REFUSED', 'At line 1, column 8: variables'],
  ['SELECT @@version', 'SQL_REFUSED', 'At line 1, column 8: variables'],
  ['SELECT 1 INTO @v', 'SQL_REFUSED', 'At line 1, column 15: variables'],
  ['SELECT s || s FROM t', 'SQL_REFUSED', 'At line 1, column 10: || and | are not accepted: write OR'],
  ['SELECT a && a FROM t', 'SQL_REFUSED', 'At line 1, column 10: && and & are not accepted: write AND'],
  ['SELECT !a FROM t', 'SQL_REFUSED', 'At line 1, column 8: ! is not accepted: write NOT'],
  ['SELECT 0x41', 'SQL_REFUSED', 'At line 1, column 8: hexadecimal'],
  ['SELECT 0b1', 'SQL_REFUSED', 'At line 1, column 8: hexadecimal'],
  ["SELECT x'41'", 'SQL_REFUSED', 'At line 1, column 8: a text with the prefix x'],
  ["SELECT _utf8'a'", 'SQL_REFUSED', 'At line 1, column 8: a text with the prefix _utf8'],
  ["SELECT _utf8 'a'", 'SQL_REFUSED', ''],
  ["SELECT N'a'", 'SQL_REFUSED', 'At line 1, column 8: a text with the prefix N'],
  ["SELECT 'a' 'b'", 'SQL_REFUSED', 'At line 1, column 12: texts side by side'],
  ['SELECT é', 'SQL_REFUSED', 'At line 1, column 8: U+00E9 is not accepted outside quotes and comments'],
  ['SELECT\u00a01', 'SQL_REFUSED', 'At line 1, column 7: U+00A0 is not accepted'],
  ['SELECT\0 1', 'SQL_REFUSED', 'At line 1, column 7: U+0000 is not accepted'],
  ['SELECT ?', 'SQL_REFUSED', 'At line 1, column 8: parameters'],
  ['SELECT a << 1 FROM t', 'SQL_REFUSED', ''],
  ['SELECT 1a', 'SQL_SYNTAX', 'At line 1, column 8: 1a is neither a number nor a name'],
];

const BEYOND: readonly Refusal[] = [
  ['SELECT 0--1 UNION SELECT user()', 'SQL_REFUSED', 'At line 1, column 26: the function user is not accepted; these are: COUNT, SUM'],
  ["SELECT * INTO OUTFILE '/tmp/x' FROM t", 'SQL_REFUSED', 'At line 1, column 10: INTO is not accepted'],
  ["SELECT * FROM t INTO OUTFILE '/tmp/x'", 'SQL_REFUSED', 'At line 1, column 17: INTO is not accepted'],
  ["SELECT * FROM t INTO DUMPFILE '/tmp/x'", 'SQL_REFUSED', 'At line 1, column 17: INTO is not accepted'],
  ['SELECT * FROM t FOR UPDATE', 'SQL_REFUSED', 'At line 1, column 17: FOR is not accepted'],
  ['SELECT * FROM t FOR SHARE', 'SQL_REFUSED', 'At line 1, column 17: FOR is not accepted'],
  ['SELECT * FROM t LOCK IN SHARE MODE', 'SQL_REFUSED', 'At line 1, column 17: LOCK is not accepted'],
  ...['SLEEP(10)', "BENCHMARK(1, 'a')", "GET_LOCK('a', 1)", "LOAD_FILE('/etc/passwd')", 'my_function(1)', 'USER()', 'DATABASE()', 'VERSION()', "EXTRACTVALUE('a', 'b')", 'LAST_INSERT_ID()', 'CONCAT(s)', 'RAND()'].map(
    (call): Refusal => [`SELECT ${call} FROM t`, 'SQL_REFUSED', `At line 1, column 8: the function ${call.split('(')[0]} is not accepted`],
  ),
  ['SELECT mydb.f(1)', 'SQL_REFUSED', 'At line 1, column 8: a function of another schema is not accepted'],
  ['SELECT CURRENT_USER', 'SQL_REFUSED', ''],
  ['SELECT CURRENT_TIMESTAMP', 'SQL_REFUSED', ''],
  ['SELECT * FROM information_schema.tables', 'SQL_REFUSED', 'At line 1, column 15: a table is named by one word: other databases cannot be reached'],
  ['SELECT * FROM mysql.user', 'SQL_REFUSED', 'At line 1, column 15: a table is named by one word'],
  ['SELECT * FROM other_db.t', 'SQL_REFUSED', 'At line 1, column 15: a table is named by one word'],
  ['SELECT * FROM `mysql`.`user`', 'SQL_REFUSED', 'At line 1, column 15: a table is named by one word'],
  ['SELECT * FROM `mysql.user`', 'NOT_FOUND', 'At line 1, column 15: there is no family "mysql.user".'],
  ['SELECT mysql.t.a FROM t', 'SQL_REFUSED', 'At line 1, column 8: a column is named `column` or `table.column`'],
  ['SELECT * FROM nowhere', 'NOT_FOUND', 'At line 1, column 15: there is no family "nowhere".'],
  ['SELECT * FROM _fence', 'NOT_FOUND', 'At line 1, column 15: there is no family "_fence".'],
  ['SELECT nothing FROM t', 'UNKNOWN_COLUMN', 'At line 1, column 8: there is no column nothing; these are there: id, a, b, s, f, flag, ts, j.'],
  ['SELECT flg FROM t', 'UNKNOWN_COLUMN', 'At line 1, column 8: there is no column flg; these are there: id, a, b, s, f, flag, ts, j. Did you mean "flag"?'],
  ['SELECT x.a FROM t', 'UNKNOWN_COLUMN', 'At line 1, column 8: x is no table of this query; it has t.'],
  ['SELECT t.x FROM t', 'UNKNOWN_COLUMN', 'At line 1, column 8: t has no column x; it has id, a'],
  ['SELECT a FROM (SELECT t.a FROM u) x, t', 'UNKNOWN_COLUMN', 'At line 1, column 23: t is no table of this query'],
  ['SELECT _time FROM t', 'SQL_REFUSED', 'At line 1, column 8: _time is hidden'],
  ['SELECT a FROM t, u', 'SQL_REFUSED', 'At line 1, column 8: a is a column of more than one table: write table.a'],
  ['SELECT * FROM t, t', 'SQL_REFUSED', 'At line 1, column 18: the name t is taken'],
  ['SELECT * FROM t RIGHT JOIN u ON 1', 'SQL_REFUSED', 'At line 1, column 17: RIGHT is not accepted'],
  ['SELECT * FROM t NATURAL JOIN u', 'SQL_REFUSED', 'At line 1, column 17: NATURAL is not accepted'],
  ['SELECT * FROM t JOIN u', 'SQL_REFUSED', 'At line 1, column 22: this join needs ON or USING; without one, write CROSS JOIN'],
  ['SELECT * FROM t USE INDEX (x)', 'SQL_REFUSED', 'At line 1, column 17: USE is not accepted'],
  ['SELECT * FROM t PARTITION (p0)', 'SQL_REFUSED', 'At line 1, column 17: PARTITION is not accepted'],
  ['SELECT * FROM t, LATERAL (SELECT t.a) x', 'SQL_REFUSED', ''],
  ['WITH RECURSIVE r AS (SELECT 1) SELECT * FROM r', 'SQL_REFUSED', 'At line 1, column 6: RECURSIVE is not accepted'],
  ['SELECT a FROM t EXCEPT SELECT a FROM u', 'SQL_REFUSED', 'At line 1, column 17: EXCEPT is not accepted'],
  ['SELECT SUM(a) OVER () FROM t', 'SQL_REFUSED', 'At line 1, column 15: OVER is not accepted'],
  ['SELECT a DIV 2 FROM t', 'SQL_REFUSED', 'At line 1, column 10: DIV is not accepted'],
  ["SELECT s REGEXP 'a' FROM t", 'SQL_REFUSED', 'At line 1, column 10: REGEXP is not accepted'],
  ['SELECT ts + INTERVAL 1 DAY FROM t', 'SQL_REFUSED', 'At line 1, column 22: INTERVAL is not accepted'],
  ['SELECT CAST(a AS CHAR) FROM t', 'SQL_REFUSED', 'At line 1, column 13: CAST is not accepted'],
  ['SELECT (a, b) = (1, 2) FROM t', 'SQL_REFUSED', 'At line 1, column 9: a row of values is not accepted'],
  ['SELECT a = ANY (SELECT a FROM u) FROM t', 'SQL_REFUSED', 'At line 1, column 8: ANY is not accepted'],
  ['SELECT * FROM t LIMIT ALL', 'SQL_REFUSED', 'At line 1, column 17: "LIMIT" is not accepted here'],
  ['SELECT * FROM t LIMIT -1', 'SQL_REFUSED', ''],
  ['SELECT * FROM t LIMIT a', 'SQL_REFUSED', 'At line 1, column 23: LIMIT and OFFSET take whole numbers'],
  ['SELECT a FROM t GROUP BY a WITH ROLLUP', 'SQL_SYNTAX', ''],
  ["SELECT a 'alias' FROM t", 'SQL_REFUSED', 'a text cannot be a name: put it in backticks'],
  ['SELECT COUNT(a, b) FROM t', 'SQL_REFUSED', 'At line 1, column 8: COUNT() takes one value and has 2'],
  ['SELECT SUM(*) FROM t', 'SQL_REFUSED', 'At line 1, column 8: only COUNT takes *'],
  ['SELECT a FROM t WHERE COUNT(*) > 1', 'SQL_REFUSED', 'At line 1, column 23: COUNT() is not accepted in WHERE'],
  ['SELECT MAX(MIN(a)) FROM t', 'SQL_REFUSED', 'At line 1, column 12: MIN() is not accepted in MAX()'],
  ['SELECT a, COUNT(*) FROM t', 'SQL_REFUSED', 'At line 1, column 8: a has no one value in a group: name it in GROUP BY'],
  ['SELECT b FROM t GROUP BY a', 'SQL_REFUSED', 'At line 1, column 8: b has no one value in a group'],
  ['SELECT COUNT(*) FROM t GROUP BY a + 1 HAVING a + 1 > 2', 'SQL_REFUSED', 'At line 1, column 46: HAVING finds this expression only where the SELECT lists it'],
  ['SELECT DISTINCT a FROM t ORDER BY b', 'SQL_REFUSED', 'At line 1, column 35: ORDER BY of a SELECT DISTINCT takes what the SELECT lists'],
  ['SELECT a FROM t ORDER BY NOT 1', 'SQL_REFUSED', 'At line 1, column 30: ORDER BY takes a column, its number, or an expression of columns'],
  ['SELECT COUNT(*) FROM t GROUP BY NOT 1', 'SQL_REFUSED', 'At line 1, column 37: GROUP BY takes no constant'],
  ['SELECT a FROM t ORDER BY 2', 'SQL_REFUSED', 'At line 1, column 26: ORDER BY 2 names no column: there are 1'],
  ['SELECT a FROM t UNION SELECT a, b FROM t', 'SQL_REFUSED', 'At line 1, column 23: UNION joins queries of 1 and 2 columns'],
  ['SELECT (SELECT a, b FROM t)', 'SQL_REFUSED', 'At line 1, column 9: a query in an expression gives one column; this one gives 2'],
  ['SELECT a FROM t WHERE a IN (SELECT a FROM u LIMIT 1)', 'SQL_REFUSED', 'At line 1, column 29: a query after IN takes no LIMIT'],
];

const UNCLEAR: readonly Refusal[] = ['a = NOT flag', 'NOT a + NOT b', 'a BETWEEN 1 AND 2 = 3 IN (1)'].map((expression) => [
  `SELECT ${expression} FROM t`,
  'SQL_REFUSED',
  '',
]);

const MISMATCHES: readonly Refusal[] = [
  ["SELECT 'spot' = 0", 'type_mismatch', 'At line 1, column 17: = compares a text with a number: both must be of one kind'],
  ['SELECT s = a FROM t', 'type_mismatch', 'At line 1, column 12: = compares a text with a number'],
  ["SELECT a IN (1, 'x') FROM t", 'type_mismatch', 'At line 1, column 17: IN compares a number with a text'],
  ["SELECT a + 'x' FROM t", 'type_mismatch', 'At line 1, column 12: + takes numbers and has a text'],
  ['SELECT ts > 5 FROM t', 'type_mismatch', 'At line 1, column 13: > compares a timestamp with a number'],
  ["SELECT ts > 'soon' FROM t", 'type_mismatch', 'At line 1, column 13: "soon" is compared with a time and is none'],
  ["SELECT ts > '2026-02-30' FROM t", 'type_mismatch', 'At line 1, column 13: "2026-02-30" is compared'],
  ['SELECT flag = 2 FROM t', 'type_mismatch', 'At line 1, column 15: = compares a bool with a number'],
  ['SELECT j = s FROM t', 'type_mismatch', 'At line 1, column 12: = compares json with a text'],
  ['SELECT a FROM t WHERE a', 'type_mismatch', 'At line 1, column 23: WHERE takes a condition and has a number'],
  ['SELECT NOT s FROM t', 'type_mismatch', 'At line 1, column 12: NOT takes a condition and has a text'],
  ['SELECT LOWER(a) FROM t', 'type_mismatch', 'At line 1, column 14: LOWER takes a text and has a number'],
  ['SELECT SUM(s) FROM t', 'type_mismatch', 'At line 1, column 12: SUM() takes numbers and has a text'],
  ['SELECT COALESCE(a, s) FROM t', 'type_mismatch', 'At line 1, column 20: COALESCE compares a number with a text'],
  ['SELECT a FROM t UNION SELECT s FROM t', 'type_mismatch', 'At line 1, column 23: UNION joins columns of different kinds in place 1 (a)'],
];

const SHARDS: readonly Refusal[] = [
  ['SELECT * FROM t JOIN far ON t.a = far.a', 'cross_shard_unsupported', 'At line 1, column 22: JOIN needs the family far, which lies on another shard than t'],
  ['SELECT a FROM t UNION SELECT a FROM far', 'cross_shard_unsupported', 'At line 1, column 37: UNION needs the family far'],
  ['SELECT a FROM t WHERE a IN (SELECT a FROM far)', 'cross_shard_unsupported', 'At line 1, column 43: the subquery in WHERE needs the family far'],
  ['WITH w AS (SELECT a FROM far) SELECT t.a FROM t, w', 'cross_shard_unsupported', 'At line 1, column 47: FROM needs the family t'],
  ['SELECT * FROM raw_logs', 'cross_shard_unsupported', "At line 1, column 15: raw_logs needs the family far, which lies on another shard than t: ask one family at a time with WHERE family = '...'"],
  ["SELECT * FROM raw_logs WHERE family = 't' OR family = 'far'", 'cross_shard_unsupported', 'At line 1, column 15: raw_logs needs'],
];

const COMPLEX: readonly Refusal[] = [
  [`SELECT 1 WHERE ${repeated('1 = 1', 1000, ' AND ')}`, 'query_too_complex', ''],
  [`SELECT 1 WHERE ${repeated('1 = 1', 6000, ' AND ')}`, 'query_too_complex', ''],
  [`SELECT ${repeated('INTERVAL (', 26, '')}1${repeated(') DAY', 26, '')}`, 'query_too_complex', ''],
  [`SELECT ${repeated('(', 1000, '')}1${repeated(')', 1000, '')}`, 'query_too_complex', ''],
  [`SELECT ${repeated('- ', 5000, '')}1`, 'query_too_complex', ''],
  // Each of these was accepted, and ended a server's process or was an error of one.
  [`SELECT ${repeated('a', 400, ' / ')} FROM t`, 'query_too_complex', 'the query nests more than 100 operations into each other'],
  [`SELECT 1 FROM ${Array.from({ length: 62 }, (_, index) => `t x${index}`).join(', ')}`, 'query_too_complex', 'a SELECT has at most 61 tables; this one has 62'],
  [`SELECT ${repeated('a', 1601, ', ')} FROM t`, 'query_too_complex', 'a SELECT has at most 1600 columns'],
  [`SELECT a FROM t ORDER BY ${Array.from({ length: 1600 }, (_, index) => `a + ${index}`).join(', ')}`, 'query_too_complex', 'a SELECT has at most 1600 columns'],
  [`WITH ${Array.from({ length: 61 }, (_, index) => `w${index} AS (SELECT 1)`).join(', ')} SELECT 1`, 'query_too_complex', 'WITH has at most 60 queries'],
  [`SELECT '${repeated('x', 70_000, '')}'`, 'query_too_complex', 'a query has at most 65536 characters; this one has 70009'],
];

describe('refused queries', function () {
  this.timeout(60_000);
  const parser = new SqlParser();
  after(() => parser.close());

  const groups: Readonly<Record<string, readonly Refusal[]>> = {
    'not one query': NOT_QUERIES,
    'characters and comments': LEXER,
    'beyond the closed list': BEYOND,
    'an unclear order of operators': UNCLEAR,
    'kinds that differ': MISMATCHES,
    'families on two shards': SHARDS,
    'too complex': COMPLEX,
  };
  for (const [group, refusals] of Object.entries(groups)) {
    describe(group, () => {
      for (const [query, code, message] of refusals) {
        it(`${code}: ${JSON.stringify(query.slice(0, 70))}`, async () => {
          const error = await refusalOf(query);
          expect(`${error.code}: ${error.message}`).to.satisfy((text: string) => text.startsWith(`${code}: ${message}`));
          expect(error.status).to.equal(code === 'SQL_SYNTAX' ? 400 : code === 'NOT_FOUND' ? 404 : 422);
          const next = await parser.compile('SELECT a FROM t', catalogOf(TWO_SHARDS), NOW);
          expect(next.families).to.deep.equal(['t']);
        });
      }
    });
  }

  async function refusalOf(query: string): Promise<SluiceError> {
    try {
      const accepted = await parser.compile(query, catalogOf(TWO_SHARDS), NOW);
      throw new Error(`It was accepted: ${accepted.statementFor('mysql', 'home').sql}`);
    } catch (error) {
      if (error instanceof SluiceError) return error;
      throw error;
    }
  }
});
