import type { LogColumn, LogType, LogValue } from '../../../kernel/logs.ts';

/** A field that a filter may name: a column, or one of the two that every event has. */
export interface Field {
  readonly name: string;
  readonly type: LogType;
}

export type Operator = '=' | '<' | '<=' | '>' | '>=';

/**
 * What is looked for, checked against a family's columns. An event without the field satisfies none of the three tests of
 * fields, and so satisfies their negation.
 */
export type LogFilter =
  | { readonly node: 'all' }
  | { readonly node: 'and' | 'or'; readonly terms: readonly LogFilter[] }
  | { readonly node: 'not'; readonly term: LogFilter }
  /** One of the fields holds the text, whatever the case of either; `folded` is the text without its case. */
  | { readonly node: 'text'; readonly folded: string; readonly fields: readonly Field[] }
  | { readonly node: 'present'; readonly field: Field }
  | { readonly node: 'prefix'; readonly field: Field; readonly prefix: string }
  | { readonly node: 'compare'; readonly field: Field; readonly op: Operator; readonly value: LogValue };

export const ID: Field = { name: 'id', type: 'int' };
/** Receipt. */
export const TIME: Field = { name: '_time', type: 'timestamp' };

/** All fields of a family, by name. */
export function fieldsOf(columns: readonly LogColumn[]): ReadonlyMap<string, Field> {
  return new Map([ID, TIME, ...columns].map(({ name, type }) => [name, { name, type }]));
}
