import { refused } from './fault.ts';
import type { FamilyShape } from './catalog.ts';
import { Emitter, MAX_SAFE, type Use } from './emitter.ts';
import { joined, sql, type Fragment } from './fragment.ts';
import { FIRST_INTERVAL, type PlannedQuery, type PlannedSelect, type Typed } from './plan.ts';
import { fraction, INT, kindOf, NULL, TEXT, TRUTH, type SqlType } from './types.ts';
import type { LogColumn } from '../../../kernel/logs.ts';

const TYPES: Readonly<Record<SqlType['base'], string>> = {
  text: 'text',
  json: 'text',
  null: 'text',
  int: 'bigint',
  decimal: 'numeric',
  float: 'double precision',
  bool: 'boolean',
  truth: 'boolean',
  time: 'timestamp',
};

/**
 * For PostgreSQL, with MySQL's answers: decimals of as many digits, NULL for what is divided by zero, NULLs first, LIKE and
 * text compared byte by byte, comparisons 0 or 1 in the answer. Columns of text are expected to have the collation "C",
 * those of time to be timestamps without time zone.
 */
export class PostgresEmitter extends Emitter {
  protected readonly noTable = '';
  // An untyped NULL is written as such, even if it was MAX(NULL).
  protected readonly oneGroup = ' GROUP BY ()';

  protected quote(name: string): string {
    return `"${name}"`;
  }

  protected literal({ value, type, at }: Extract<Typed, { node: 'literal' }>): Fragment {
    if (value === null) return sql`NULL::${TYPES[type.base]}`;
    if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
    if (kindOf(type) === 'text' || kindOf(type) === 'json') return text(String(value), at);
    return sql`${{ bind: String(value) }}::${TYPES[type.base]}`;
  }

  protected override typedNull(_expression: Typed, wanted: SqlType): Fragment {
    return `NULL::${TYPES[wanted.base]}`;
  }

  protected arithmetic({ op, left, right, type }: Extract<Typed, { node: 'arithmetic' }>): Fragment {
    const [l, r] = [this.expression(left, INT), this.expression(right, INT)];
    if (op === '/') return divided(l, r, type);
    if (op !== '%') return sql`(${l} ${op} ${r})`;
    if (type.base !== 'float') return sql`(${l} % NULLIF(${r}, 0))`;
    // There is no % of doubles.
    const [a, b] = [sql`${l}::double precision`, sql`${r}::double precision`];
    return sql`(${a} - ${b} * trunc(${a} / NULLIF(${b}, 0)))`;
  }

  protected nullSafeEqual(left: Fragment, right: Fragment): Fragment {
    return sql`(${left} IS NOT DISTINCT FROM ${right})`;
  }

  protected like({ operand, pattern, escape = '\\', negated, at }: Extract<Typed, { node: 'like' }>): Fragment {
    const l = this.expression(operand, TEXT);
    return sql`(${l}${negated ? ' NOT' : ''} LIKE ${this.#pattern(pattern, escape)} ESCAPE ${text(escape, at)})`;
  }

  /** In MySQL an escape at a pattern's end stands for itself; here it is an error. */
  #pattern(pattern: Typed, escape: string): Fragment {
    if (pattern.node === 'literal' && typeof pattern.value === 'string') {
      const trailing = trailingCount(pattern.value, escape);
      return text(trailing % 2 === 1 ? pattern.value + escape : pattern.value, pattern.at);
    }
    const p = this.expression(pattern, TEXT);
    const e = text(escape, pattern.at);
    return sql`(${p} || repeat(${e}, (length(${p}) - length(rtrim(${p}, ${e}))) % 2))`;
  }

  protected scalar(expression: Extract<Typed, { node: 'scalar' }>): Fragment {
    const { name, args, type } = expression;
    switch (name) {
      case 'COALESCE':
        return this.coalesce(expression);
      case 'NULLIF':
        return this.nullIf(expression);
      case 'IF': {
        const [test, then, otherwise] = args.map((argument, index) => this.expression(argument, index === 0 ? TRUTH : type));
        return sql`(CASE WHEN ${test!} THEN ${then!} ELSE ${otherwise!} END)`;
      }
      case 'REPLACE':
        return sql`replace(${joined(args.map((argument) => this.expression(argument, TEXT)), ', ')})`;
      case 'CHAR_LENGTH':
        return sql`char_length(${this.expression(args[0]!, TEXT)})::bigint`;
      default:
        // The collation "C" knows ASCII only.
        return sql`(${name}(${this.expression(args[0]!, TEXT)} COLLATE "pg_c_utf8") COLLATE "C")`;
    }
  }

  protected aggregate(expression: Extract<Typed, { node: 'aggregate' }>): Fragment {
    const { name, distinct, argument, type } = expression;
    if (!argument) return 'count(*)';
    const kind = kindOf(argument.type);
    const given = this.expression(argument, name === 'SUM' || name === 'AVG' ? INT : NULL);
    const each = distinct ? 'DISTINCT ' : '';
    if (name === 'MIN' && kind === 'bool') return sql`bool_and(${given})`;
    if (name === 'MAX' && kind === 'bool') return sql`bool_or(${given})`;
    if (name === 'COUNT' || name === 'MIN' || name === 'MAX') return sql`${name}(${each}${given})`;
    const counted = kind === 'bool' ? sql`${given}::int` : given;
    if (type.base === 'float') return sql`${name}(${each}${counted})`;
    const sum = sql`sum(${each}${counted})`;
    return name === 'SUM' ? sql`${sum}::numeric` : divided(sum, sql`count(${each}${counted})`, type);
  }

  protected interval({ operand, seconds }: Extract<Typed, { node: 'interval' }>): Fragment {
    const since = sql`(${this.expression(operand)} - timestamp '${FIRST_INTERVAL}')`;
    return sql`(floor(extract(epoch from ${since}))::bigint / ${String(seconds)})`;
  }

  protected item(expression: Typed, type: SqlType, use: Use): Fragment {
    const written = this.expression(expression, type);
    if (use === 'inside') return written;
    // A NULL as well: beside it in a UNION stand comparisons, which are numbers in an answer.
    if (use === 'answer' && type.base === 'truth') return sql`${written}::int`;
    if (expression.type.base === 'null') return written;
    if (type.base === 'decimal') return sql`round(${written}::numeric, ${String(type.scale)})`;
    if (type.base === 'float' && expression.type.base !== 'float') return sql`${written}::double precision`;
    return written;
  }

  protected orderKey(key: Fragment, descending: boolean, neverNull: boolean): Fragment {
    if (neverNull) return sql`${key}${descending ? ' DESC' : ''}`;
    return sql`${key} ${descending ? 'DESC NULLS LAST' : 'ASC NULLS FIRST'}`;
  }

  protected orderPosition({ body }: PlannedQuery, position: number): Fragment {
    // What is listed may be rounded for the answer: ordered by is what it is made of.
    if (body.node !== 'select' || body.distinct) return String(position);
    return sql`(${this.expression(body.items[position - 1]!)})`;
  }

  protected groupKey(_select: PlannedSelect, expression: Typed): Fragment {
    return sql`(${this.expression(expression)})`;
  }

  protected having(_select: PlannedSelect, expression: Typed): Fragment {
    return this.expression(expression, TRUTH);
  }

  /** concat_ws leaves out NULLs, so absent fields are. */
  protected rawLog({ columns }: FamilyShape): Fragment {
    if (columns.length === 0) return `('{}' COLLATE "C")`;
    const fields = [...columns].sort((a, b) => (a.name < b.name ? -1 : 1)).map((column) => this.#field(column));
    return sql`(('{' || concat_ws(',', ${joined(fields, ', ')}) || '}') COLLATE "C")`;
  }

  #field({ name, type }: LogColumn): Fragment {
    const column = this.quote(name);
    const key = `'"${name}":'`;
    switch (type) {
      case 'string':
        return `${key} || to_json(${column})::text`;
      case 'int':
        return `CASE WHEN ${column} BETWEEN -${MAX_SAFE} AND ${MAX_SAFE} THEN ${key} || ${column} ELSE ${key} || '"' || ${column} || '"' END`;
      case 'bool':
        return `CASE WHEN ${column} THEN '"${name}":true' WHEN NOT ${column} THEN '"${name}":false' END`;
      case 'timestamp':
        return `${key} || '"' || to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '"'`;
      case 'float':
        return `${key} || replace(${column}::text, 'e+', 'e')`;
      case 'json':
        return `${key} || ${column}`;
    }
  }
}

/** A quotient as MySQL has it: NULL for what is divided by zero, a decimal cut off behind its digits. */
function divided(left: Fragment, right: Fragment, type: SqlType): Fragment {
  if (type.base === 'float') return sql`(${left}::double precision / NULLIF(${right}::double precision, 0))`;
  const { digits } = fraction(type);
  // The more digits the dividend has, the more the quotient gets.
  return sql`trunc(round(${left}::numeric, ${String(digits + 2)}) / NULLIF(${right}::numeric, 0), ${String(digits)})`;
}

function text(value: string, at: number): Fragment {
  if (value.includes('\0')) throw refused('this store holds no texts with a NUL character (U+0000): no row has it', at);
  return sql`(${{ bind: value }}::text COLLATE "C")`;
}

function trailingCount(value: string, character: string): number {
  let count = 0;
  while (value.at(-1 - count) === character) count += 1;
  return count;
}
