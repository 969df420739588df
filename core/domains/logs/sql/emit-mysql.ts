import type { FamilyShape } from './catalog.ts';
import { Emitter, MAX_SAFE } from './emitter.ts';
import { joined, sql, type Fragment } from './fragment.ts';
import { columnName } from './plan-from.ts';
import { aggregates, FIRST_INTERVAL, type PlannedQuery, type PlannedSelect, type Typed } from './plan.ts';
import { keyOf } from './same-expression.ts';
import type { LogColumn } from '../../../kernel/logs.ts';

/**
 * For MySQL 8, MariaDB and TiDB. Mostly what was written, since it was written for them. Relies on the session: time zone
 * UTC, `collation_connection` that of the columns (binary, no padding), no ONLY_FULL_GROUP_BY (it is checked before,
 * and the server cannot see that two bound values are one).
 */
export class MysqlEmitter extends Emitter {
  protected readonly noTable = ' FROM DUAL';
  protected readonly oneGroup = '';
  /** What HAVING names by the SELECT's aliases: keys of expressions, and their names. */
  #aliases: ReadonlyMap<string, string> = new Map();

  protected quote(name: string): string {
    return `\`${name}\``;
  }

  protected literal({ value, type }: Extract<Typed, { node: 'literal' }>): Fragment {
    if (value === null) return 'NULL';
    if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
    const bound = { bind: value };
    switch (type.base) {
      case 'int':
        return Number.isSafeInteger(Number(value)) ? { bind: Number(value) } : sql`CAST(${bound} AS SIGNED)`;
      case 'float':
        return sql`CAST(${{ bind: String(value) }} AS DOUBLE)`;
      case 'decimal':
        return sql`CAST(${bound} AS DECIMAL(${String(precision(String(value), type.scale))},${String(type.scale)}))`;
      case 'time':
        return sql`CAST(${bound} AS DATETIME(6))`;
      default:
        return bound;
    }
  }

  protected override typed(expression: Typed): Fragment {
    const alias = this.#aliases.size > 0 ? this.#aliases.get(keyOf(expression)) : undefined;
    return alias ?? super.typed(expression);
  }

  override query(...given: Parameters<Emitter['query']>): Fragment {
    const aliases = this.#aliases;
    this.#aliases = new Map();
    const written = super.query(...given);
    this.#aliases = aliases;
    return written;
  }

  protected arithmetic({ op, left, right }: Extract<Typed, { node: 'arithmetic' }>): Fragment {
    return sql`(${this.expression(left)} ${op} ${this.expression(right)})`;
  }

  protected nullSafeEqual(left: Fragment, right: Fragment): Fragment {
    return sql`(${left} <=> ${right})`;
  }

  protected like({ operand, pattern, escape, negated }: Extract<Typed, { node: 'like' }>): Fragment {
    const escaped = escape === undefined ? '' : sql` ESCAPE ${{ bind: escape }}`;
    return sql`(${this.expression(operand)}${negated ? ' NOT' : ''} LIKE ${this.expression(pattern)}${escaped})`;
  }

  protected scalar(expression: Extract<Typed, { node: 'scalar' }>): Fragment {
    const { name, args } = expression;
    if (name === 'COALESCE') return this.coalesce(expression);
    if (name === 'NULLIF') return this.nullIf(expression);
    return sql`${name}(${joined(args.map((argument) => this.expression(argument)), ', ')})`;
  }

  protected aggregate({ name, distinct, argument }: Extract<Typed, { node: 'aggregate' }>): Fragment {
    if (!argument) return 'COUNT(*)';
    // Inside an aggregate a name is a column's.
    const aliases = this.#aliases;
    this.#aliases = new Map();
    const written = sql`${name}(${distinct ? 'DISTINCT ' : ''}${this.expression(argument)})`;
    this.#aliases = aliases;
    return written;
  }

  protected interval({ operand, seconds }: Extract<Typed, { node: 'interval' }>): Fragment {
    return sql`(TIMESTAMPDIFF(SECOND, '${FIRST_INTERVAL}', ${this.expression(operand)}) DIV ${String(seconds)})`;
  }

  protected item(expression: Typed): Fragment {
    return this.expression(expression);
  }

  protected orderKey(key: Fragment, descending: boolean): Fragment {
    return sql`${key}${descending ? ' DESC' : ''}`;
  }

  protected orderPosition(_query: PlannedQuery, position: number): Fragment {
    return String(position);
  }

  protected groupKey({ items }: PlannedSelect, expression: Typed): Fragment {
    if (expression.node === 'column') return this.expression(expression);
    const index = items.findIndex((item) => keyOf(item) === keyOf(expression));
    return index < 0 ? this.expression(expression) : String(index + 1);
  }

  /** HAVING finds columns of GROUP BY and the SELECT's aliases, but not what GROUP BY is made of. */
  protected having({ items }: PlannedSelect, expression: Typed, query: number): Fragment {
    const isNamed = (item: Typed): boolean => item.node !== 'column' && item.node !== 'literal' && !aggregates(item);
    this.#aliases = new Map(
      items.flatMap((item, index) => (isNamed(item) ? [[keyOf(item), this.quote(columnName(query, index))] as const] : [])),
    );
    const written = this.expression(expression);
    this.#aliases = new Map();
    return written;
  }

  /** CONCAT_WS leaves out NULLs, so absent fields are; CAST gives the columns' collation. */
  protected rawLog({ columns }: FamilyShape): Fragment {
    if (columns.length === 0) return "CAST('{}' AS CHAR)";
    const fields = [...columns].sort((a, b) => (a.name < b.name ? -1 : 1)).map((column) => this.#field(column));
    return sql`CAST(CONCAT('{', CONCAT_WS(',', ${joined(fields, ', ')}), '}') AS CHAR)`;
  }

  #field({ name, type }: LogColumn): Fragment {
    const column = this.quote(name);
    const key = `'"${name}":'`;
    switch (type) {
      case 'string':
        return `CONCAT(${key}, CAST(JSON_QUOTE(${column}) AS CHAR))`;
      case 'int':
        return `CASE WHEN ${column} BETWEEN -${MAX_SAFE} AND ${MAX_SAFE} THEN CONCAT(${key}, ${column}) ELSE CONCAT(${key}, '"', ${column}, '"') END`;
      case 'bool':
        return `CASE WHEN ${column} THEN '"${name}":true' WHEN NOT ${column} THEN '"${name}":false' END`;
      case 'timestamp':
        return `CONCAT(${key}, DATE_FORMAT(${column}, '"%Y-%m-%dT%H:%i:%s.%fZ"'))`;
      case 'float':
      case 'json':
        return `CONCAT(${key}, ${column})`;
    }
  }
}

function precision(value: string, scale: number): number {
  return Math.max(value.replace(/\D/g, '').length, scale, 1);
}
