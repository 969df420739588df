import type { Metric } from '../../../kernel/datasets.ts';
import type { Json } from '../../../kernel/json.ts';
import type { WarehouseStatement } from '../../../kernel/warehouse.ts';
import { sqlType } from './column-value.ts';
import type { Condition, Operator, Question } from './question.ts';

/**
 * A question as SQL over its model, in a part that warehouses read alike. Names are of the definition, and quoted;
 * `where` of metrics is of the definition, and checked; whatever a caller has sent is bound. What `from` and `to` leave
 * out is left out of the model's objects before.
 */
export function statementOf({
  model,
  dimensions,
  metrics,
  conditions,
  order,
  limit,
}: Question): WarehouseStatement {
  const values: Json[] = [];
  const selected = [...dimensions.map(quoted), ...metrics.map(aggregateOf)];
  const where = conditions.map((condition) => conditionOf(condition, values));
  const groups = dimensions.map((_, place) => place + 1);
  // Dimensions make a row what it is: with them behind, the same question has the same answer, in the same order.
  const places = [
    ...order.map(({ column, descending }) => orderBy(column, descending)),
    ...dimensions.map((_, place) => orderBy(place)),
  ];
  const sql = [
    // A name of their own: no condition of a metric can mean them, where it means a column.
    `SELECT ${selected.map((text, place) => `${text} AS "_${place}"`).join(', ')}`,
    `FROM ${quoted(model.name)}`,
    where.length > 0 ? `WHERE ${where.join(' AND ')}` : '',
    groups.length > 0 ? `GROUP BY ${groups.join(', ')}` : '',
    places.length > 0 ? `ORDER BY ${places.join(', ')}` : '',
    `LIMIT ${limit}`,
  ];
  return { sql: sql.filter((line) => line !== '').join('\n'), values };
}

/** Sums of integers are wider than any column, so that none is too large. */
function aggregateOf({ aggregate, column, where }: Metric): string {
  const value = column === undefined ? '1' : quoted(column);
  // The condition may end in what would swallow the rest of its line.
  const counted = where === undefined ? value : `CASE WHEN (${where}\n) THEN ${value} END`;
  return `${aggregate}(${counted})`;
}

/** Nulls are last, whichever way. */
function orderBy(column: number, descending = false): string {
  return `${column + 1} ${descending ? 'DESC' : 'ASC'} NULLS LAST`;
}

const COMPARISONS: Readonly<Record<Exclude<Operator, 'in' | 'isNull' | 'isNotNull'>, string>> = {
  // Rows without a value have another one, too.
  ne: 'IS DISTINCT FROM',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
};

function conditionOf({ column, operator, values: given }: Condition, values: Json[]): string {
  const name = quoted(column.name);
  const bound = given
    .filter((value) => value !== null)
    .map((value) => `CAST($${values.push(value)} AS ${sqlType(column)})`);
  switch (operator) {
    case 'isNull':
      return `${name} IS NULL`;
    case 'isNotNull':
      return `${name} IS NOT NULL`;
    case 'in': {
      const terms = bound.length > 0 ? [`${name} IN (${bound.join(', ')})`] : [];
      if (given.includes(null)) terms.push(`${name} IS NULL`);
      return terms.length > 0 ? `(${terms.join(' OR ')})` : '1 = 0';
    }
    default:
      return `${name} ${COMPARISONS[operator]} ${bound[0]}`;
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
