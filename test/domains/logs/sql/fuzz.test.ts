import { expect } from 'chai';
import { init, parse } from '@guanmingchiu/sqlparser-ts';
import { SqlParser, type CompiledQuery } from '../../../../core/domains/logs/sql/sql-parser.ts';
import { SluiceError } from '../../../../core/kernel/errors.ts';
import { Generator } from './generator.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';
import { catalogOf, ONE_SHARD } from './sample.ts';

const NOW = new Date('2026-03-04T05:06:07.890Z');
const SEED = Number(process.env['SLUICE_TEST_SEED'] ?? 20260304);
const QUERIES = process.env['SLUICE_SOAK'] === '1' ? 100_000 : 2000;

const SOUP = `
  SELECT SELECT DISTINCT FROM FROM WHERE GROUP BY HAVING ORDER LIMIT OFFSET UNION ALL WITH AS AS JOIN LEFT CROSS ON USING
  AND OR NOT IS NULL IN BETWEEN LIKE ESCAPE CASE WHEN THEN ELSE END EXISTS TRUE FALSE ASC DESC
  ( ( ( ) ) ) , , . * * = <> < > <=> + - / % ; 1 0 2.5 1e3 'a' "b" 'it\\'s' \`t\` t u t.a u.a a b s flag ts id raw_logs family log
  COUNT SUM MAX COALESCE IF LOWER NOW COUNT(*) t.* SLEEP(1) USER() LOAD_FILE('x') mysql.user information_schema.tables _fence _time
  INTO OUTFILE 'x' FOR UPDATE LOCK IN SHARE MODE @v @@version /*!1*/ /*M!1*/ /*+x*/ -- # || && ! ~ ^ | & : := ? { } \\ $ é \u0000
  0x41 x'41' b'1' _utf8'a' N'a' INTERVAL 1 DAY DIV MOD XOR REGEXP BINARY COLLATE utf8mb4_bin OVER WINDOW LATERAL RECURSIVE
  PROCEDURE ANALYSE() INSERT UPDATE DELETE DROP SET CALL SHOW VALUES ROW PARTITION FORCE INDEX NATURAL RIGHT STRAIGHT_JOIN
  SQL_CALC_FOUND_ROWS HIGH_PRIORITY ROLLUP CAST CONVERT EXTRACT SUBSTRING TRIM POSITION DATE'2026-01-01' TIMESTAMP'x' ARRAY[1] ::int
`.trim().split(/\s+/);

const WORDS = new Set(
  `SELECT DISTINCT FROM DUAL WHERE GROUP BY HAVING ORDER LIMIT OFFSET UNION ALL WITH AS INNER LEFT CROSS JOIN ON AND OR NOT IS NULL IN
   BETWEEN LIKE ESCAPE CASE WHEN THEN ELSE END EXISTS TRUE FALSE UNKNOWN ASC DESC NULLS FIRST LAST COUNT SUM MIN MAX AVG COALESCE
   NULLIF IF LOWER UPPER CHAR_LENGTH CAST CHAR SIGNED DOUBLE DECIMAL DATETIME CONCAT CONCAT_WS JSON_QUOTE DATE_FORMAT FROM COLLATE
   trunc round sum count bool_and bool_or char_length length rtrim repeat replace concat_ws to_json to_char text bigint numeric double
   precision boolean timestamp int`.split(/\s+/),
);
const FIXED = new Set(['home', 't', 'u', 'id', 'family', 'log', 'C', 'pg_c_utf8', 'a', 'b', 's', 'f', 'flag', 'ts', 'j', 'Name', 'ok', 'at']);
const UNKNOWN = / COLLATE "\w+"| GROUP BY \(\)| ESCAPE \(.*? COLLATE "C"\)/g;
/** Texts that raw_logs is made of. */
const OWN_TEXT = /^'(?:[{},]|"\w+":(?:true|false)?|"|"?%Y.*Z"|YYYY.*"Z"|e\+?)?'$/;

describe('whatever is accepted', function () {
  this.timeout(1_200_000);
  const parser = new SqlParser({ timeoutMs: 5000 });

  before(() => init());
  after(() => parser.close());

  it(`is one query again, of names and words of ours (token soup, seed ${SEED}, ${QUERIES} queries)`, async () => {
    const random = new Random(SEED);
    for (let i = 0; i < QUERIES; i++) {
      const soup = Array.from({ length: 1 + random.below(25) }, () => random.pick(SOUP)).join(random.pick([' ', ' ', '\n', '']));
      await check(random.chance(0.8) ? `SELECT ${soup}` : soup);
    }
  });

  it(`is so for queries with odd tokens put in (seed ${SEED}, ${QUERIES} queries)`, async () => {
    const random = new Random(SEED + 1);
    const generator = new Generator(SEED + 2);
    let accepted = 0;
    for (let i = 0; i < QUERIES; i++) {
      const words = generator.query().sql.split(' ');
      words.splice(random.below(words.length), random.below(2), random.pick(SOUP));
      if (await check(random.chance(0.5) ? words.join(' ') : soften(words.join(' '), random))) accepted += 1;
    }
    expect(accepted).to.be.above(QUERIES / 100);
  });

  function soften(text: string, random: Random): string {
    try {
      return mutate(text, random);
    } catch {
      // Its tokens are already none of SQL.
      return text;
    }
  }

  async function check(text: string): Promise<boolean> {
    let query: CompiledQuery;
    try {
      query = await parser.compile(text, catalogOf(ONE_SHARD), NOW);
    } catch (error) {
      if (error instanceof SluiceError && error.status < 500) return false;
      throw new Error(`Not refused, but failed: ${text}`, { cause: error });
    }
    const mysql = query.statementFor('mysql', 'home');
    expect(parse(mysql.sql, 'mysql').map((statement) => Object.keys(statement)), text).to.deep.equal([['Query']]);
    checkTokens(mysql.sql, '`', text);
    expect(mysql.sql.match(/\?/g)?.length ?? 0, text).to.equal(mysql.values.length);
    // The parser knows neither COLLATE behind a cast, nor GROUP BY (), nor what ESCAPE takes.
    const postgres = query.statementFor('postgres', 'home');
    expect(parse(postgres.sql.replaceAll(UNKNOWN, ''), 'postgresql').map((statement) => Object.keys(statement)), text).to.deep.equal([['Query']]);
    checkTokens(postgres.sql, '"', text);
    return true;
  }
});

/** Every token of what was written is one that we write. */
function checkTokens(sql: string, quote: string, about: string): void {
  const TOKENS = /'(?:[^'])*'|`[^`]*`|"[^"]*"|[A-Za-z_]\w*|\$\d+|\d+|::|<=>|<>|<=|>=|\|\||[(),.*+\-/%=<>?]|\s+/gy;
  const tokens = sql.match(TOKENS) ?? [];
  expect(tokens.join(''), about).to.equal(sql);
  for (const token of tokens) expect(isOurs(token, quote), `${token} in ${sql}, of ${about}`).to.equal(true);
}

function isOurs(token: string, quote: string): boolean {
  if (token.startsWith("'")) return OWN_TEXT.test(token);
  if (token.startsWith(quote)) return FIXED.has(token.slice(1, -1)) || /^_(?:t|w|c\d+_)\d+$/.test(token.slice(1, -1));
  return /^[A-Za-z_]/.test(token) ? WORDS.has(token) : !/^[`"]/.test(token);
}
