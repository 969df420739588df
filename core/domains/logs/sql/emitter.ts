import type { FamilyShape } from './catalog.ts';
import { joined, sql, type Fragment } from './fragment.ts';
import { columnName } from './plan-from.ts';
import { OWN_TABLE, type PlannedBody, type PlannedFrom, type PlannedQuery, type PlannedRelation, type PlannedSelect, type Typed } from './plan.ts';
import { NULL, TEXT, TRUTH, unify, type SqlType } from './types.ts';

/** What a SELECT's columns are called and typed as. */
type Rows = Pick<PlannedQuery, 'id' | 'columns'>;

/** What becomes of a SELECT's columns: part of an expression, rows that are kept for a query around, or the answer. */
export type Use = 'inside' | 'kept' | 'answer';

/** The largest whole number that JSON's readers agree on. */
export const MAX_SAFE = '9007199254740991';

/**
 * Writes a checked query for one kind of server. All names in it are the catalog's, checked there, or made here of
 * numbers; every value is bound. All operators stand in parentheses, so no server's precedence matters.
 */
export abstract class Emitter {
  /** The database or schema of the tenant, quoted. */
  protected readonly home: string;

  constructor(home: string) {
    this.home = home;
  }

  protected abstract quote(name: string): string;
  protected abstract literal(literal: Extract<Typed, { node: 'literal' }>): Fragment;
  protected abstract arithmetic(expression: Extract<Typed, { node: 'arithmetic' }>): Fragment;
  protected abstract nullSafeEqual(left: Fragment, right: Fragment): Fragment;
  protected abstract like(expression: Extract<Typed, { node: 'like' }>): Fragment;
  protected abstract scalar(expression: Extract<Typed, { node: 'scalar' }>): Fragment;
  protected abstract aggregate(expression: Extract<Typed, { node: 'aggregate' }>): Fragment;
  /** A column of a SELECT, as what it is in the rows of `type`. */
  protected abstract item(expression: Typed, type: SqlType, use: Use): Fragment;
  protected abstract interval(expression: Extract<Typed, { node: 'interval' }>): Fragment;
  protected abstract orderKey(key: Fragment, descending: boolean, neverNull: boolean): Fragment;
  protected abstract rawLog(family: FamilyShape): Fragment;
  /** How columns of GROUP BY, HAVING and ORDER BY are named where the SELECT lists them. */
  protected abstract groupKey(select: PlannedSelect, expression: Typed): Fragment;
  protected abstract having(select: PlannedSelect, expression: Typed, query: number): Fragment;
  protected abstract orderPosition(query: PlannedQuery, position: number): Fragment;
  /** What stands for FROM where there is none but clauses follow. */
  protected abstract readonly noTable: string;
  /** What makes one row of all where no GROUP BY does and no aggregate may be left in the list. */
  protected abstract readonly oneGroup: string;

  query(query: PlannedQuery, use: Use): Fragment {
    const { ctes, body, order, limit, offset } = query;
    const withs = ctes.map((cte) => sql`${this.quote(cteName(cte.id))} AS (${this.query(cte.query, 'kept')})`);
    const keys = order.map((item) => {
      const key = item.by === 'position' ? this.orderPosition(query, item.position) : this.expression(item.expression);
      return this.orderKey(key, item.descending, item.by === 'expression' && item.neverNull === true);
    });
    return [
      ctes.length > 0 ? sql`WITH ${joined(withs, ', ')} ` : '',
      this.#body(body, query, use),
      keys.length > 0 ? sql` ORDER BY ${joined(keys, ', ')}` : '',
      limit === undefined ? '' : ` LIMIT ${wholeNumber(limit)}`,
      offset === undefined ? '' : ` OFFSET ${wholeNumber(offset)}`,
    ];
  }

  #body(body: PlannedBody, of: Rows, use: Use): Fragment {
    if (body.node === 'select') return this.#select(body, of, use);
    // Its columns are to have the names and types of the UNION that it is part of.
    if (body.node === 'parentheses') return sql`(${this.query({ ...body.query, id: of.id, columns: of.columns }, use)})`;
    // The rows of a UNION are compared as they are shown.
    const inner = use === 'inside' ? 'kept' : use;
    const word = body.all ? ' UNION ALL ' : ' UNION ';
    return sql`${this.#body(body.left, of, inner)}${word}${this.#body(body.right, of, inner)}`;
  }

  #select(select: PlannedSelect, { id, columns }: Rows, use: Use): Fragment {
    const { distinct, items, from, where, groupBy, having, grouped } = select;
    // DISTINCT compares what is shown too.
    const listed = items.map((item, index) => {
      const name = this.quote(columnName(id, index));
      return sql`${this.item(item, columns[index]?.type ?? item.type, distinct && use === 'inside' ? 'kept' : use)} AS ${name}`;
    });
    const clauses = where || groupBy.length > 0 || having;
    const groups = groupBy.map((expression) => this.groupKey(select, expression));
    return [
      distinct ? 'SELECT DISTINCT ' : 'SELECT ',
      joined(listed, ', '),
      from.length > 0 ? sql` FROM ${joined(from.map((item) => this.#from(item)), ', ')}` : clauses ? this.noTable : '',
      where ? sql` WHERE ${this.expression(where, TRUTH)}` : '',
      groups.length > 0 ? sql` GROUP BY ${joined(groups, ', ')}` : grouped ? this.oneGroup : '',
      having ? sql` HAVING ${this.having(select, having, id)}` : '',
    ];
  }

  #from({ first, joins }: PlannedFrom): Fragment {
    return joins.reduce<Fragment>((left, { kind, relation, on }) => {
      const word = { inner: 'INNER JOIN', left: 'LEFT JOIN', cross: 'CROSS JOIN' }[kind];
      const condition = on ? sql` ON ${this.expression(on, TRUTH)}` : '';
      return sql`${left} ${word} ${this.#relation(relation)}${condition}`;
    }, this.#relation(first));
  }

  #relation({ id, source }: PlannedRelation): Fragment {
    const alias = this.quote(tableName(id));
    switch (source.node) {
      case 'family':
        return `${this.table(source.family)} AS ${alias}`;
      case 'cte':
        return `${this.quote(cteName(source.cte))} AS ${alias}`;
      case 'derived':
        return sql`(${this.query(source.query, 'kept')}) AS ${alias}`;
      case 'rawLogs':
        return sql`(${this.#rawLogs(source.families)}) AS ${alias}`;
    }
  }

  protected table({ name }: FamilyShape): string {
    return `${this.home}.${this.quote(name)}`;
  }

  /** `raw_logs` is stored nowhere: one SELECT a family, each writing its events as JSON text. */
  #rawLogs(families: readonly FamilyShape[]): Fragment {
    const [id, family, log] = ['id', 'family', 'log'].map((name) => this.quote(name));
    if (families.length === 0) {
      const none = this.literal({ node: 'literal', value: '', type: TEXT, at: 0 });
      return sql`SELECT 0 AS ${id!}, ${none} AS ${family!}, ${none} AS ${log!}${this.noTable} WHERE 1 = 0`;
    }
    const selects = families.map((shape) => {
      const name = this.literal({ node: 'literal', value: shape.name, type: TEXT, at: 0 });
      return sql`SELECT ${id!} AS ${id!}, ${name} AS ${family!}, ${this.rawLog(shape)} AS ${log!} FROM ${this.table(shape)}`;
    });
    return joined(selects, ' UNION ALL ');
  }

  /**
   * An expression.
   * @param wanted the type it stands beside, which an untyped NULL takes on
   */
  expression(expression: Typed, wanted: SqlType = NULL): Fragment {
    const untyped = expression.type.base === 'null';
    if (untyped) return this.typedNull(expression, wanted);
    return this.typed(expression);
  }

  /** An expression that is NULL whatever happens. */
  protected typedNull(expression: Typed, _wanted: SqlType): Fragment {
    return this.typed(expression);
  }

  protected typed(expression: Typed): Fragment {
    switch (expression.node) {
      case 'literal':
        return this.literal(expression);
      case 'column':
        return this.#column(expression);
      case 'negate':
        return sql`(- ${this.expression(expression.operand, expression.type)})`;
      case 'arithmetic':
        return this.arithmetic(expression);
      case 'compare':
        return this.#compare(expression);
      case 'logic':
        return sql`(${this.expression(expression.left, TRUTH)} ${expression.op} ${this.expression(expression.right, TRUTH)})`;
      case 'not':
        return sql`(NOT ${this.expression(expression.operand, TRUTH)})`;
      case 'is':
        return this.#is(expression);
      case 'in': {
        const [operand, ...list] = this.#alike([expression.operand, ...expression.list]);
        return sql`(${operand!}${not(expression)} IN (${joined(list, ', ')}))`;
      }
      case 'inQuery':
        return this.#inQuery(expression);
      case 'between': {
        const [operand, low, high] = this.#alike([expression.operand, expression.low, expression.high]);
        return sql`(${operand!}${not(expression)} BETWEEN ${low!} AND ${high!})`;
      }
      case 'like':
        return this.like(expression);
      case 'case':
        return this.#case(expression);
      case 'scalar':
        return this.scalar(expression);
      case 'interval':
        return this.interval(expression);
      case 'aggregate':
        return this.aggregate(expression);
      case 'query':
        return sql`(${this.query(expression.query, 'inside')})`;
      case 'exists':
        return sql`(EXISTS (${this.query(expression.query, 'inside')}))`;
    }
  }

  #column({ relation, column }: Extract<Typed, { node: 'column' }>): Fragment {
    const name = this.quote(column.emitted);
    return relation === OWN_TABLE ? name : `${this.quote(tableName(relation))}.${name}`;
  }

  /** Operands of one kind: an untyped NULL takes on the type of the others. */
  #alike(expressions: readonly Typed[]): readonly Fragment[] {
    const type = commonType(expressions);
    return expressions.map((expression) => this.expression(expression, type));
  }

  #compare({ op, left, right }: Extract<Typed, { node: 'compare' }>): Fragment {
    const [l, r] = this.#alike([left, right]);
    return op === '<=>' ? this.nullSafeEqual(l!, r!) : sql`(${l!} ${op} ${r!})`;
  }

  #is(expression: Extract<Typed, { node: 'is' }>): Fragment {
    const { operand, test, negated } = expression;
    return sql`(${this.expression(operand, test === 'NULL' ? NULL : TRUTH)} IS ${negated ? 'NOT ' : ''}${test})`;
  }

  #inQuery(expression: Extract<Typed, { node: 'inQuery' }>): Fragment {
    const { operand, query } = expression;
    const column = query.columns[0]!;
    const type = unify(operand.type, column.type) ?? NULL;
    const inner = this.query({ ...query, columns: [{ ...column, type: column.type.base === 'null' ? type : column.type }] }, 'inside');
    return sql`(${this.expression(operand, type)}${not(expression)} IN (${inner}))`;
  }

  #case({ operand, branches, otherwise, type }: Extract<Typed, { node: 'case' }>): Fragment {
    const compared = operand ? commonType([operand, ...branches.map(({ when }) => when)]) : TRUTH;
    const whens = branches.map(
      ({ when, result }) => sql` WHEN ${this.expression(when, compared)} THEN ${this.expression(result, type)}`,
    );
    const last = otherwise ? sql` ELSE ${this.expression(otherwise, type)}` : '';
    return sql`(CASE${operand ? sql` ${this.expression(operand, compared)}` : ''}${whens}${last} END)`;
  }

  protected coalesce({ args, type }: Extract<Typed, { node: 'scalar' }>): Fragment {
    return sql`COALESCE(${joined(args.map((argument) => this.expression(argument, type)), ', ')})`;
  }

  protected nullIf({ args }: Extract<Typed, { node: 'scalar' }>): Fragment {
    return sql`NULLIF(${joined(this.#alike(args), ', ')})`;
  }
}

function commonType(expressions: readonly Typed[]): SqlType {
  return expressions.reduce<SqlType>((type, expression) => unify(type, expression.type) ?? type, NULL);
}

const not = ({ negated }: { readonly negated: boolean }): string => (negated ? ' NOT' : '');

// Names of families' columns do not begin with `_`, so none of these hides one.
const tableName = (id: number): string => `_t${id}`;
const cteName = (id: number): string => `_w${id}`;

/** Whole numbers of LIMIT, which servers do not take bound everywhere. Beyond BIGINT there are no rows. */
function wholeNumber(value: bigint): string {
  const most = 2n ** 63n - 1n;
  return String(value > most ? most : value);
}
