/**
 * The part of MySQL's SELECT that is accepted, as it was written: names are not resolved yet, parentheses are kept.
 * `at` counts UTF-16 units of the query's text.
 */

export interface Name {
  readonly text: string;
  readonly at: number;
}

export interface Query {
  readonly ctes: readonly Cte[];
  readonly body: Body;
  readonly orderBy: readonly OrderItem[];
  readonly limit: bigint | undefined;
  readonly offset: bigint | undefined;
  /** `LIMIT 5, 10` instead of `LIMIT 10 OFFSET 5`. */
  readonly offsetFirst: boolean;
  readonly at: number;
}

export interface Cte {
  readonly name: Name;
  readonly columns: readonly Name[];
  readonly query: Query;
}

export type Body = Select | Union | { readonly node: 'parentheses'; readonly query: Query; readonly at: number };

export interface Union {
  readonly node: 'union';
  readonly all: boolean;
  readonly left: Body;
  readonly right: Body;
  readonly at: number;
}

export interface Select {
  readonly node: 'select';
  readonly distinct: boolean;
  readonly items: readonly Item[];
  readonly from: readonly FromItem[];
  readonly where: Expression | undefined;
  readonly groupBy: readonly Expression[];
  readonly having: Expression | undefined;
  readonly at: number;
}

export type Item =
  | { readonly node: 'all'; readonly table: Name | undefined; readonly at: number }
  | {
      readonly node: 'item';
      readonly expression: Expression;
      /** The alias, or what MySQL calls the column where there is none. */
      readonly label: string;
      readonly at: number;
    };

export interface FromItem {
  readonly first: Relation;
  readonly joins: readonly Join[];
}

export type Relation =
  | { readonly node: 'table'; readonly name: Name; readonly alias: Name | undefined }
  | { readonly node: 'derived'; readonly query: Query; readonly alias: Name; readonly columns: readonly Name[] };

export interface Join {
  readonly kind: 'inner' | 'left' | 'cross';
  readonly relation: Relation;
  readonly on: Expression | undefined;
  readonly using: readonly Name[];
}

export interface OrderItem {
  readonly expression: Expression;
  readonly descending: boolean;
}

export const COMPARISONS = ['=', '<>', '<', '<=', '>', '>=', '<=>'] as const;
export type Comparison = (typeof COMPARISONS)[number];
export type Arithmetic = '+' | '-' | '*' | '/' | '%';
export type Logic = 'AND' | 'OR';

export type Expression = { readonly at: number } & (
  | { readonly node: 'name'; readonly table: string | undefined; readonly column: string }
  | { readonly node: 'number'; readonly digits: string }
  | { readonly node: 'text'; readonly value: string }
  | { readonly node: 'boolean'; readonly value: boolean }
  | { readonly node: 'null' }
  | { readonly node: 'parentheses'; readonly inner: Expression }
  | { readonly node: 'sign'; readonly negative: boolean; readonly operand: Expression }
  | { readonly node: 'not'; readonly operand: Expression }
  | {
      readonly node: 'binary';
      readonly op: Comparison | Arithmetic | Logic;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly node: 'is'; readonly test: 'NULL' | 'TRUE' | 'FALSE' | 'UNKNOWN'; readonly negated: boolean; readonly operand: Expression }
  | { readonly node: 'in'; readonly negated: boolean; readonly operand: Expression; readonly list: readonly Expression[] }
  | { readonly node: 'inQuery'; readonly negated: boolean; readonly operand: Expression; readonly query: Query }
  | { readonly node: 'between'; readonly negated: boolean; readonly operand: Expression; readonly low: Expression; readonly high: Expression }
  | { readonly node: 'like'; readonly negated: boolean; readonly operand: Expression; readonly pattern: Expression; readonly escape: string | undefined }
  | {
      readonly node: 'case';
      readonly operand: Expression | undefined;
      readonly branches: readonly { readonly when: Expression; readonly result: Expression }[];
      readonly otherwise: Expression | undefined;
    }
  | { readonly node: 'call'; readonly name: string; readonly distinct: boolean; readonly star: boolean; readonly args: readonly Expression[] }
  | { readonly node: 'query'; readonly query: Query }
  | { readonly node: 'exists'; readonly query: Query }
);
