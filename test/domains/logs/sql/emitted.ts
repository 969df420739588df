import { expect } from 'chai';
import type { FamilyShape } from '../../../../core/domains/logs/sql/catalog.ts';

/*
 * What a statement of ours may be made of, read by a tokenizer that shares nothing with the one under test.
 */

const WORDS = new Set(
  `SELECT DISTINCT FROM DUAL WHERE GROUP BY HAVING ORDER LIMIT OFFSET UNION ALL WITH AS INNER LEFT CROSS JOIN ON AND OR NOT IS NULL IN
   BETWEEN LIKE ESCAPE CASE WHEN THEN ELSE END EXISTS TRUE FALSE UNKNOWN ASC DESC NULLS FIRST LAST COUNT SUM MIN MAX AVG COALESCE
   NULLIF IF LOWER UPPER CHAR_LENGTH CAST CHAR SIGNED DOUBLE DECIMAL DATETIME CONCAT CONCAT_WS JSON_QUOTE DATE_FORMAT COLLATE
   DISTINCT trunc round sum count bool_and bool_or char_length length rtrim repeat concat_ws to_json to_char text bigint numeric
   double precision boolean timestamp int replace`.split(/\s+/),
);

/** Texts that raw_logs is made of. */
const OWN_TEXT = /^'(?:[{},]|"\w+":(?:true|false)?|"|"?%Y.*Z"|YYYY.*"Z"|e\+?)?'$/;
const OWN_NAME = /^_(?:t\d+|w\d+|c\d+_\d+)$/;
const COLLATIONS = new Set(['C', 'pg_c_utf8']);
const TOKENS = /'[^']*'|`[^`]*`|"[^"]*"|[A-Za-z_]\w*|\$\d+|\d+|::|<=>|<>|<=|>=|\|\||[(),.*+\-/%=<>?]|\s+/gy;

/** Fails unless every token is one that we write, and every table one of the families in `home`. */
export function checkEmitted(sql: string, quote: string, home: string, families: readonly FamilyShape[]): void {
  const all = sql.match(TOKENS) ?? [];
  if (all.join('') !== sql) throw new Error(`It holds a character that is none of ours: ${sql}`);
  const tokens = all.filter((token) => token.trim() !== '');
  const tables = new Set(families.map(({ name }) => name));
  const columns = new Set(['id', 'family', 'log', ...families.flatMap((family) => family.columns.map(({ name }) => name))]);
  const named = (token: string | undefined): string | undefined => (token?.startsWith(quote) ? token.slice(1, -1) : undefined);
  for (const [index, token] of tokens.entries()) {
    const name = named(token);
    const next = tokens[index + 1];
    const fail = (what: string): never => expect.fail(`${what}: ${token} in ${sql}`);
    if (name === undefined) {
      if (!isOurs(token)) fail('It is none of our tokens');
      const isTable = next === '(' || next === 'DUAL' || named(next) === home || /^_w\d+$/.test(named(next) ?? '');
      if (token === 'JOIN' && !isTable) fail('No table of the home follows');
      if (token === 'FROM' && tokens[index - 1] !== 'DISTINCT' && !isTable) fail('No table of the home follows');
    } else if (name === home) {
      if (next !== '.' || !tables.has(named(tokens[index + 2]) ?? '')) fail('It is followed by no family');
    } else if (tables.has(name)) {
      if (tokens[index - 1] !== '.' || named(tokens[index - 2]) !== home) fail('It is not in its home');
    } else if (!columns.has(name) && !OWN_NAME.test(name) && !COLLATIONS.has(name)) fail('It is no name of ours');
  }
}

function isOurs(token: string): boolean {
  if (token.startsWith("'")) return OWN_TEXT.test(token);
  return /^[A-Za-z_]/.test(token) ? WORDS.has(token) : !/^[`"]/.test(token);
}
