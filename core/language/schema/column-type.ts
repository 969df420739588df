import { Type } from 'typebox';
import { COLUMN_TYPES, type Column, type ColumnTypeName } from '../../kernel/columns.ts';
import { isJsonObject, type Json } from '../../kernel/json.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { checkSchema, field, namedValues, type Field } from './field.ts';
import { show } from './show.ts';

/** DuckDB's and PostgreSQL's exact decimals have 38 digits in common. */
const MOST_DIGITS = 38;
const DECIMAL = /^decimal\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)$/;
const PATTERN = '^(text|integer|bigint|decimal\\(\\d{1,2}, *\\d{1,2}\\)|boolean|date|timestamp|json)\\??$';

/** Words of other systems, and what is written here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  string: 'text',
  varchar: 'text',
  char: 'text',
  uuid: 'text',
  int: 'integer',
  smallint: 'integer',
  bool: 'boolean',
  datetime: 'timestamp',
  timestamptz: 'timestamp',
  jsonb: 'json',
};
const INEXACT = ['float', 'double', 'real', 'float8', 'number'];

/** A column's type as it is declared, for example `decimal(12,2)?`; undefined where it is none. */
export function parseColumnType(text: string): Omit<Column, 'name'> | undefined {
  const nullable = text.endsWith('?');
  const word = nullable ? text.slice(0, -1) : text;
  const [, precision, scale] = DECIMAL.exec(word) ?? [];
  if (precision !== undefined) {
    const digits = { precision: Number(precision), scale: Number(scale) };
    const fits = digits.precision >= 1 && digits.precision <= MOST_DIGITS && digits.scale <= digits.precision;
    return fits ? { type: 'decimal', nullable, ...digits } : undefined;
  }
  const known = word !== 'decimal' && COLUMN_TYPES.includes(word as ColumnTypeName);
  return known ? { type: word as ColumnTypeName, nullable } : undefined;
}

/** The columns of a well-shaped map of them; what is malformed is left out. */
export function columnsOf(node: Json | undefined): Column[] {
  if (!isJsonObject(node)) return [];
  return Object.entries(node).flatMap(([name, text]) => {
    const type = typeof text === 'string' ? parseColumnType(text) : undefined;
    return type ? [{ name, ...type }] : [];
  });
}

const COLUMN_TYPE: Field = field(
  Type.String({
    pattern: PATTERN,
    description: 'text, integer, bigint, decimal(12,2), boolean, date, timestamp or json; with ? it may be null.',
  }),
  (node, pointer, report) => {
    if (typeof node !== 'string') checkSchema(Type.String(), node, pointer, report);
    else if (!parseColumnType(node)) report.error(pointer, `${show(node)} is not a type of a column. ${advice(node)}`);
  },
);

function advice(text: string): string {
  const word = text
    .toLowerCase()
    .replace(/[(?].*$/s, '')
    .trim();
  const accepted =
    'There are: text, integer, bigint, decimal(p,s), boolean, date, timestamp, json; with ? it may be null.';
  if (text.includes('(') && !text.includes(')')) return `YAML ends it at the comma; put it in quotes: "decimal(12,2)".`;
  if (INEXACT.includes(word)) return 'No column is inexact: write decimal(p,s), or integer or bigint for minor units.';
  if (word === 'decimal' || word === 'numeric')
    return `A decimal says its digits, ${MOST_DIGITS} at most, and how many stand behind the point: decimal(12,2).`;
  const meant = ELSEWHERE[word];
  return meant === undefined ? `${accepted}${didYouMean(text, COLUMN_TYPES)}` : `${accepted} Did you mean "${meant}"?`;
}

/** Tables and columns are named so in every warehouse, without quotes. */
const NAME = /^[a-z][a-z0-9_]{0,47}$/;
const NAME_ADVICE =
  'names here are SQL identifiers: lower-case letters, digits and "_", 48 at most, beginning with a letter';

/** A map whose keys are names of tables or columns. */
export function sqlNames(noun: string, inner: Field): Field {
  const named = namedValues(noun, inner, { names: NAME, advice: NAME_ADVICE });
  return {
    ...named,
    check(node, pointer, report) {
      named.check?.(node, pointer, report);
      for (const name of isJsonObject(node) ? Object.keys(node) : []) {
        if (!RESERVED.has(name)) continue;
        report.error(
          `${pointer}/${name}`,
          `"${name}" is a reserved word of SQL; as a name it would need quotes everywhere. Name it otherwise.`,
          { onKey: true },
        );
      }
    },
  };
}

export const COLUMNS = sqlNames('columns', COLUMN_TYPE);

/**
 * Reserved in PostgreSQL, DuckDB or Snowflake (their manuals' lists of keywords): bare, they are not names in all three.
 * Those of the last line every table of PostgreSQL has already.
 */
const RESERVED: ReadonlySet<string> = new Set(
  `all analyse analyze and any array as asc asymmetric both by case cast check collate column connect constraint create
  cross current default deferrable delete desc describe distinct do drop else end except exists false fetch following for
  foreign from full grant group having in increment initially inner insert intersect into is join lambda lateral leading
  left like limit localtime localtimestamp minus natural not null offset on only or order organization pivot placing
  primary qualify references regexp returning revoke right rlike row rows sample schema select set show some start
  summarize symmetric table tablesample then to trailing trigger true try_cast union unique unpivot update user using
  values variadic view when whenever where window with
  cmax cmin ctid tableoid xmax xmin`.split(/\s+/),
);
