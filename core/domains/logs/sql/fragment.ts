import type { LogStatement, LogValue } from '../../../kernel/logs.ts';
import { tooComplex } from './fault.ts';

/** A piece of a statement: text of ours, or a value to bind. What a query's author wrote is only ever the latter. */
export type Fragment = string | { readonly bind: LogValue } | readonly Fragment[];

/** Statements of this length are no query any more: nested IN lists over all families, `raw_logs` named fifty times. */
const MOST_CHARACTERS = 1 << 20;

/** Puts fragments into a text of ours: sql`(${left} + ${right})`. */
export function sql(texts: readonly string[], ...fragments: readonly Fragment[]): Fragment {
  return texts.flatMap((text, index) => (index < fragments.length ? [text, fragments[index]!] : [text]));
}

export function joined(fragments: readonly Fragment[], separator: string): Fragment {
  return fragments.flatMap((fragment, index) => (index === 0 ? [fragment] : [separator, fragment]));
}

/**
 * The text of a statement, with a placeholder for each value.
 * @param numbered `$1`, `$2` instead of `?`; equal values share one
 * @throws SqlFault query_too_complex
 */
export function statementOf(fragment: Fragment, numbered: boolean): LogStatement {
  const parts: string[] = [];
  const values: LogValue[] = [];
  const places = new Map<LogValue, number>();
  let length = 0;
  const add = (text: string): void => {
    length += text.length;
    if (length > MOST_CHARACTERS) throw tooComplex('the query becomes too long when it is written out: make it shorter');
    parts.push(text);
  };
  const bind = (value: LogValue): void => {
    if (!numbered) {
      values.push(value);
      return add('?');
    }
    // The same number shows the server that two expressions are one, as GROUP BY needs it.
    const place = places.get(value) ?? values.push(value);
    places.set(value, place);
    add(`$${place}`);
  };
  const write = (piece: Fragment): void => {
    if (typeof piece === 'string') add(piece);
    else if ('bind' in piece) bind(piece.bind);
    else for (const inner of piece) write(inner);
  };
  write(fragment);
  return { sql: parts.join(''), values };
}
