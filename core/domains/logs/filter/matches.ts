import type { LogValue } from '../../../kernel/logs.ts';
import type { Field, LogFilter, Operator } from './filter.ts';
import { fold } from './fold.ts';

/** An event with its values as they are stored (see LogValue); fields it lacks are absent or null. */
export type StoredEvent = Readonly<Record<string, LogValue>> & { readonly id: LogValue };

/** Whether an event passes a filter: what the filter's condition says of it on every store. */
export function matches(filter: LogFilter, event: StoredEvent): boolean {
  switch (filter.node) {
    case 'all':
      return true;
    case 'and':
      return filter.terms.every((term) => matches(term, event));
    case 'or':
      return filter.terms.some((term) => matches(term, event));
    case 'not':
      return !matches(filter.term, event);
    case 'text':
      return filter.fields.some((field) => holdsText(valueOf(event, field), filter.folded));
    case 'present':
      return valueOf(event, filter.field) !== null;
    case 'prefix': {
      const value = valueOf(event, filter.field);
      return typeof value === 'string' && value.startsWith(filter.prefix);
    }
    case 'compare': {
      const value = valueOf(event, filter.field);
      return value !== null && holds(filter.op, compared(filter.field, value, filter.value));
    }
  }
}

function valueOf(event: StoredEvent, { name }: Field): LogValue {
  // A field may be called as something that every object inherits.
  return Object.hasOwn(event, name) ? (event[name] ?? null) : null;
}

function holdsText(value: LogValue, folded: string): boolean {
  return typeof value === 'string' && fold(value).includes(folded);
}

function holds(op: Operator, order: number): boolean {
  switch (op) {
    case '=':
      return order === 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

/** Below, at or above 0, as the left value comes before, is, or comes after the right one. */
function compared({ type }: Field, left: LogValue, right: LogValue): number {
  if (left === right) return 0;
  switch (type) {
    case 'int':
      return BigInt(left!) < BigInt(right!) ? -1 : BigInt(left!) > BigInt(right!) ? 1 : 0;
    case 'float':
    case 'bool':
      return Number(left) - Number(right);
    case 'string':
    case 'json':
      // By code point, as stores compare; JavaScript's own order is that of UTF-16.
      return Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)));
    case 'timestamp':
      // All are of one length.
      return String(left) < String(right) ? -1 : 1;
  }
}
