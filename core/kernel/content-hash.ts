import type { Column } from './columns.ts';

/** Servers that compute the hash. A new one is a row of EXPRESSIONS, and the property test in test/kernel. */
export type HashDialect = 'postgres' | 'duckdb';

/**
 * A SELECT of one row `rows, high, low` (the last two as decimal text): what a table holds, whatever the order of its
 * rows. It is the number of rows, and the sums of the upper and of the lower 64 bits of each row's md5, unsigned and
 * most significant byte first. A row's text is its columns' texts as declared, in order, with U+001F between:
 *
 * - null is `\N`; in text and json a backslash is written `\\` and a U+001F `\u`, so that no two rows have one text;
 * - an integer is its digits, a decimal has all digits of its scale, a boolean is `t` or `f`;
 * - a date is its days, a timestamp its microseconds (UTC), since 1970-01-01;
 * - json is its text, as the server that took it in prints it.
 *
 * @param from what stands behind FROM: a table's name, or a query in parentheses with an alias
 */
export function contentHashSql(dialect: HashDialect, columns: readonly Column[], from: string): string {
  return dialect === 'postgres' ? postgres(columns, from) : duckdb(columns, from);
}

const SEPARATOR = 'chr(31)';
const BACKSLASH = 'chr(92)';
const NULL = `(${BACKSLASH} || 'N')`;
const EPOCH = `DATE '1970-01-01'`;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const isText = ({ type }: Column): boolean => type === 'text' || type === 'json';

function escaped(text: string): string {
  return `replace(replace(${text}, ${BACKSLASH}, ${BACKSLASH} || ${BACKSLASH}), ${SEPARATOR}, ${BACKSLASH} || 'u')`;
}

const booleanText = (name: string): string => `CASE WHEN ${name} THEN 't' WHEN NOT ${name} THEN 'f' END`;

function postgres(columns: readonly Column[], from: string): string {
  const fields = columns.map((column) => `coalesce(${postgresText(column)}, ${NULL})`);
  // A function takes a hundred arguments at most; || takes any number. OFFSET 0 keeps the md5 from being computed twice.
  const row = fields.join(` || ${SEPARATOR} || `);
  const sum = (half: string): string =>
    `coalesce(sum(${half}) + 18446744073709551616 * count(*) FILTER (WHERE ${half} < 0), 0)::text`;
  return `SELECT count(*)::text AS rows, ${sum('upper_half')} AS high, ${sum('lower_half')} AS low
FROM (
  SELECT ('x' || left(hex, 16))::bit(64)::bigint AS upper_half, ('x' || right(hex, 16))::bit(64)::bigint AS lower_half
  FROM (SELECT md5(convert_to(${row}, 'UTF8')) AS hex FROM ${from} OFFSET 0) AS hashed OFFSET 0
) AS halves`;
}

function postgresText(column: Column): string {
  const name = quoted(column.name);
  switch (column.type) {
    case 'text':
    case 'json':
      return escaped(`${name}::text`);
    case 'integer':
    case 'bigint':
      return `${name}::text`;
    case 'decimal':
      return `${name}::numeric(${column.precision}, ${column.scale})::text`;
    case 'boolean':
      return booleanText(name);
    case 'date':
      return `(${name} - ${EPOCH})::text`;
    case 'timestamp':
      return `(extract(epoch FROM ${name}) * 1000000)::bigint::text`;
  }
}

function duckdb(columns: readonly Column[], from: string): string {
  return duckdbSums(`SELECT ${duckdbRowHash(columns)} AS number FROM ${from}`);
}

/** An expression of DuckDB's for a row's md5, for those who keep it beside the row. */
export function duckdbRowHash(columns: readonly Column[]): string {
  const row = (text: (name: string) => string): string => {
    const texts = columns.map((column) => {
      const own = duckdbText(column, text);
      return column.nullable ? `coalesce(${own}, ${NULL})` : own;
    });
    return `concat_ws(${SEPARATOR}, ${texts.join(', ')})`;
  };
  // Looking for what is to be escaped costs less than escaping, and there is hardly ever anything.
  const texts = columns.filter(isText).map(({ name }) => `CAST(${quoted(name)} AS VARCHAR)`);
  if (texts.length === 0) return `md5_number(${row(plain)})`;
  const all = `concat(${texts.join(', ')})`;
  return `md5_number(CASE WHEN contains(${all}, ${SEPARATOR}) OR contains(${all}, ${BACKSLASH}) THEN ${row(escaped)} ELSE ${row(plain)} END)`;
}

/**
 * `rows, high, low` of the hashes that a query gives as `number`; with `part`, another column of the query, a row for
 * each of its values, which comes first.
 */
export function duckdbSums(numbers: string, part?: string): string {
  const and = part === undefined ? '' : `${part}, `;
  const halves = `SELECT ${and}CAST(number & 18446744073709551615 AS UBIGINT) AS high,
  CAST(number >> 64 AS UBIGINT) AS low FROM (${numbers})`;
  const swapped = SWAPS.reduce(
    (source, swap) => `SELECT ${and}${swap('high')} AS high, ${swap('low')} AS low FROM (${source})`,
    halves,
  );
  const sum = (half: string): string => `CAST(coalesce(sum(${half}), 0) AS VARCHAR) AS ${half}`;
  const sums = `SELECT ${and}CAST(count(*) AS VARCHAR) AS rows, ${sum('high')}, ${sum('low')} FROM (${swapped})`;
  return part === undefined ? sums : `${sums} GROUP BY ${part} ORDER BY ${part}`;
}

const plain = (text: string): string => text;

/** md5_number has the least significant byte first; these three turn a half around: bytes, pairs, then fours. */
const SWAPS = [
  { bits: 8, mask: '71777214294589695' },
  { bits: 16, mask: '281470681808895' },
  { bits: 32, mask: '4294967295' },
].map(({ bits, mask }) => {
  const kept = `CAST(${mask} AS UBIGINT)`;
  return (half: string) => `((${half} >> ${bits}) & ${kept}) | ((${half} & ${kept}) << ${bits})`;
});

function duckdbText(column: Column, text: (name: string) => string): string {
  const name = quoted(column.name);
  const digits = `CAST(${name} AS VARCHAR)`;
  switch (column.type) {
    case 'text':
    case 'json':
      return text(digits);
    case 'integer':
    case 'bigint':
      return digits;
    case 'decimal':
      // DuckDB prints a number that has no digit before the point (decimal(4,4)) as .5000, PostgreSQL as 0.5000.
      return column.precision === column.scale
        ? `regexp_replace(${digits}, '^(-?)[.]', '\\1' || '0.')`
        : digits;
    case 'boolean':
      return booleanText(name);
    case 'date':
      return `CAST(${name} - ${EPOCH} AS VARCHAR)`;
    case 'timestamp':
      return `CAST(epoch_us(${name}) AS VARCHAR)`;
  }
}
