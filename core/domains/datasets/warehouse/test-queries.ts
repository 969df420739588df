import type { Column } from '../../../kernel/columns.ts';
import type { DatasetModel, ModelTest } from '../../../kernel/datasets.ts';
import type { Json } from '../../../kernel/json.ts';
import { asText } from '../../../language/schema/show.ts';
import { endOfDay } from './day.ts';
import { asTable, inPartitions, listOf, quoted, sqlFor, type NamedQuery } from './sql.ts';

/** A statement that gives a row for each partition that fails: its date (null: of no partition), then what `message` tells of. */
export interface TestQuery {
  readonly queries: readonly NamedQuery[];
  /** Gives nothing where all is well, for less than `select` costs. */
  readonly proof?: string;
  readonly select: string;
  readonly values: readonly Json[];
  readonly message: (found: readonly Json[]) => string;
  /** A failure is one of all partitions that were built. */
  readonly ofWhole?: true;
}

export interface TestPlace {
  readonly columns: readonly Column[];
  /** Partitions that are tested; undefined is all. */
  readonly scope: readonly string[] | undefined;
  readonly date: string;
  readonly timezone: string;
  /** Kind of the warehouse. */
  readonly warehouse: string;
}

/** @returns undefined where there is nothing to ask: the columns see to it */
export function testQuery(test: ModelTest, model: DatasetModel, place: TestPlace): TestQuery | undefined {
  switch (test.test) {
    case 'unique':
      return unique(test.columns, model, place);
    case 'notNull':
      return notNull(test.columns, model, place);
    case 'relationships': {
      const there = `select 1 from ${quoted(test.to)} as _to where _to.${quoted(test.field)} = _rows.${quoted(test.column)}`;
      const wrong = `${quoted(test.column)} is not null and not exists (${there})`;
      return wrongRows(wrong, [test.column], [], model, place);
    }
    case 'acceptedValues': {
      const listed = test.values.map((_, index) => `$${index + 1}`).join(', ');
      const wrong = `${quoted(test.column)} is not null and ${quoted(test.column)} not in (${listed})`;
      return wrongRows(wrong, [test.column], test.values, model, place);
    }
    case 'reconcile':
      return reconcile(test, model, place);
    case 'freshness':
      return freshness(test, model, place);
  }
}

const counted = ([rows, example]: readonly Json[]): string =>
  `${asText(rows)} ${rows === 1 ? 'row' : 'rows'}, for example ${asText(example)}.`;

/** The date that a row belongs to, as text. */
function dateOf({ partition }: DatasetModel): string {
  return partition === undefined ? 'null' : `cast(_rows.${quoted(partition)} as varchar)`;
}

function within({ partition }: DatasetModel, { scope }: TestPlace): string {
  return partition === undefined || !scope ? 'true' : inPartitions(partition, scope);
}

function example(columns: readonly string[]): string {
  const texts = columns.map((name) => `coalesce(cast(_rows.${quoted(name)} as varchar), 'null')`);
  return `min('(' || ${texts.join(` || ', ' || `)} || ')')`;
}

function wrongRows(
  wrong: string,
  columns: readonly string[],
  values: readonly Json[],
  model: DatasetModel,
  place: TestPlace,
): TestQuery {
  const select = `select ${dateOf(model)} as "date", count(*) as "rows", ${example(columns)} as "example"
from ${quoted(model.name)} as _rows where (${wrong}) and ${within(model, place)} group by 1 order by 1`;
  return { queries: [], select, values, message: counted };
}

/**
 * The rows of all partitions count, whichever were built: a row that has moved must be gone from where it was. Where the
 * date itself is one of the columns, no other partition can hold the same.
 */
function unique(columns: readonly string[], model: DatasetModel, place: TestPlace): TestQuery {
  const list = listOf(columns);
  const rows = model.partition !== undefined && columns.includes(model.partition) ? within(model, place) : 'true';
  const twice = `select ${list} from ${quoted(model.name)} where ${rows} group by ${list} having count(*) > 1`;
  const same = columns.map((name) => `_twice.${quoted(name)} is not distinct from _rows.${quoted(name)}`).join(' and ');
  const { select } = wrongRows(`exists (select 1 from _twice where ${same})`, columns, [], model, place);
  const proof = 'select 1 from _twice limit 1';
  return { queries: [{ name: '_twice', sql: twice }], proof, select, values: [], message: counted };
}

/** Where a column is declared so, no object holds a null. */
function notNull(columns: readonly string[], model: DatasetModel, place: TestPlace): TestQuery | undefined {
  const open = columns.filter((name) => place.columns.find((column) => column.name === name)?.nullable ?? true);
  if (open.length === 0) return undefined;
  return wrongRows(open.map((name) => `${quoted(name)} is null`).join(' or '), columns, [], model, place);
}

type Reconcile = Extract<ModelTest, { test: 'reconcile' }>;

/** What is not there is nothing: of what is added up or counted that is 0. */
function reconcile({ metric, equals }: Reconcile, model: DatasetModel, place: TestPlace): TestQuery {
  const { aggregate, column, where } = metric;
  const filter = where === undefined ? '' : ` filter (where\n${where}\n)`;
  const value = `${aggregate}(${column === undefined ? '*' : quoted(column)})${filter}`;
  const adds = aggregate === 'sum' || aggregate === 'count';
  const known = (side: string): string => (adds ? `coalesce(${side}."value", 0)` : `${side}."value"`);
  const part = model.partition === undefined ? undefined : quoted(model.partition);
  const cut = part === undefined ? 'null' : part;
  const group = part === undefined ? '' : ` group by ${part}`;
  const given = asTable(sqlFor(equals, place.warehouse), '_given');
  const ours = `select ${cut} as "part", ${value} as "value" from ${quoted(model.name)} where ${within(model, place)}${group}`;
  const theirs = `select ${cut} as "part", "value" from ${given} where ${part === undefined ? 'true' : `${part} is not null and ${within(model, place)}`}`;
  const text = (side: string): string => `coalesce(cast(${known(side)} as varchar), 'null')`;
  const select = `select cast(coalesce(_ours."part", _theirs."part") as varchar) as "date", ${text('_ours')}, ${text('_theirs')}
from _ours full outer join _theirs on ${part === undefined ? 'true' : '_ours."part" = _theirs."part"'}
where ${known('_ours')} is distinct from ${known('_theirs')} order by 1`;
  const queries = [
    { name: '_ours', sql: ours },
    { name: '_theirs', sql: theirs },
  ];
  return { queries, select, values: [], message: ([here, there]) => `it is ${asText(here)}, and ${asText(there)} is what it should be.` };
}

type Freshness = Extract<ModelTest, { test: 'freshness' }>;

function freshness({ column, withinMs }: Freshness, model: DatasetModel, { columns, date, timezone }: TestPlace): TestQuery {
  const { local, instant } = endOfDay(date, timezone);
  // A date begins where the calendar says so; a timestamp is UTC.
  const isDate = columns.find(({ name }) => name === column)?.type === 'date';
  const oldest = new Date((isDate ? local : instant) - withinMs).toISOString().replace('T', ' ').replace('Z', '');
  const newest = `max(${quoted(column)})`;
  const select = `select null as "date", cast(${newest} as varchar) from ${quoted(model.name)}
having ${newest} is null or cast(${newest} as timestamp) < cast($1 as timestamp)`;
  const message = ([found]: readonly Json[]): string =>
    `the newest value is ${found === null ? 'none' : asText(found)}, and at the end of ${date} one of ${oldest} was still fresh enough.`;
  return { queries: [], select, values: [oldest], message, ofWhole: true };
}
