import { isJsonObject, type Json } from '../../kernel/json.ts';
import { SqlReading, type Columns, type Tables } from './names.ts';
import { parseSql } from './parser-thread.ts';
import { isEmpty, type Spot, type SqlFault } from './parsed-tree.ts';
import { readExpression } from './read-expression.ts';
import { columnsOf, readQuery } from './read-query.ts';

/** A statement that was read: what is wrong with it, which tables it names and where, and the columns it gives. */
export interface SqlReport {
  readonly faults: readonly SqlFault[];
  readonly used: ReadonlyMap<string, Spot>;
  readonly columns: Columns;
}

export interface ReadOptions {
  readonly tables: Tables;
  /** What to say of a table that is not there; undefined lists those that are. */
  readonly advice?: (name: string) => string | undefined;
}

const MOST_CHARACTERS = 65_536;

/** Reads a file of SQL: one query of the accepted part (docs/language.md), over these tables. */
export function readSql(text: string, { tables, advice = () => undefined }: ReadOptions): SqlReport {
  const statement = statementOf(text);
  if ('message' in statement) return { faults: [statement], used: new Map(), columns: undefined };
  const reading = new SqlReading(text, tables, readQuery, advice);
  const output = reading.query(statement.query, { relations: [], ctes: new Map() });
  const columns = columnsOf(reading, output);
  const twice = columns?.find((name, i) => columns.indexOf(name) < i);
  if (twice !== undefined)
    reading.refuse(
      `The query gives two columns of the name "${twice}".`,
      output?.findLast(({ name }) => name === twice)?.node,
    );
  return { faults: inOrder(reading.faults), used: reading.used, columns };
}

/** Reads a condition over the columns of one table. Faults are placed in the condition itself. */
export function readCondition(text: string, columns: Columns): readonly SqlFault[] {
  if (/--|\/\*/.test(text))
    return [{ line: 1, column: text.search(/--|\/\*/) + 1, message: 'A condition has no comments.' }];
  const statement = statementOf(`${BEFORE}${text})`);
  if ('message' in statement) return [moved(statement)];
  const reading = new SqlReading(
    `${BEFORE}${text}`,
    new Map(),
    readQuery,
    (name) => `"${name}" is a table: a condition names the columns of its model only.`,
  );
  const condition = conditionIn(reading, statement.query);
  if (condition === undefined) reading.refuse('This is not one condition: its parentheses close before its end.');
  else readExpression(reading, condition, { relations: [{ name: '', columns }], ctes: new Map() });
  return inOrder(reading.faults).map(moved);
}

const BEFORE = 'select 1 as x where (';

/** What stands in the parentheses, if it is all that stands there. */
function conditionIn(reading: SqlReading, query: Json): Json | undefined {
  const { body } = reading.fields(query, 'a condition', ['body']);
  const [kind, select] = reading.variant(body);
  if (kind !== 'Select') return undefined;
  const keys = ['select_token', 'projection', 'selection', 'group_by'];
  const { selection, group_by } = reading.fields(select, 'a condition', keys, { flavor: 'Standard' });
  const [form, inner] = reading.variant(selection);
  const grouped = reading.list(reading.variant(group_by)[1]).some((list) => !isEmpty(list));
  return form === 'Nested' && !grouped ? inner : undefined;
}

function moved(fault: SqlFault): SqlFault {
  return fault.line === 1 ? { ...fault, column: Math.max(1, fault.column - BEFORE.length) } : fault;
}

const EXPECTED = /^(?:sql parser error: )?(.*?)\.?(?: at Line: (\d+), Column: (\d+))?$/s;

/** The one query of a text, as the parser's tree. */
function statementOf(text: string): { readonly query: Json } | SqlFault {
  const at = (message: string, line = 1, column = 1): SqlFault => ({ line, column, message });
  if (text.trim() === '') return at('The file is empty; it holds one SELECT.');
  if (text.length > MOST_CHARACTERS)
    return at(`A file of SQL has at most ${MOST_CHARACTERS} characters; this one has ${text.length}.`);
  const parsed = parseSql(text);
  if ('trap' in parsed) return at('This is too complex to be read: nest it less, or make two models of it.');
  if ('refusal' in parsed) {
    const [, said = parsed.refusal, line, column] = EXPECTED.exec(parsed.refusal) ?? [];
    return at(
      `This cannot be read as SQL: ${said.charAt(0).toLowerCase()}${said.slice(1)}.`,
      Number(line ?? lastLine(text)),
      Number(column ?? 1),
    );
  }
  const statements = parsed.tree as readonly Json[];
  const [first] = statements;
  if (first === undefined) return at('There is no statement here; write one SELECT.');
  if (statements.length > 1) return at(`There are ${statements.length} statements here; a file holds one SELECT.`);
  const query = isJsonObject(first) ? first['Query'] : undefined;
  const word = /[a-z]+/i.exec(text.replaceAll(/--[^\n]*|\/\*.*?\*\//gs, ''))?.[0] ?? '';
  return query === undefined
    ? at(`${word.toUpperCase()} is not accepted: a model only reads, with one SELECT.`)
    : { query };
}

function lastLine(text: string): number {
  return text.trimEnd().split('\n').length;
}

function inOrder(faults: readonly SqlFault[]): readonly SqlFault[] {
  return [...faults].sort((a, b) => a.line - b.line || a.column - b.column);
}
