import type { LogColumn } from '../../../kernel/logs.ts';
import { didYouMean } from '../../../kernel/suggest.ts';
import { columnOf } from '../filter/condition.ts';
import { fieldsOf, TIME, type Field } from '../filter/filter.ts';
import { isAggregate } from '../sql/functions.ts';
import { aggregateType } from '../sql/plan-expression.ts';
import type { Typed } from '../sql/plan.ts';
import { wrong } from './request.ts';
import { aggregate, TABLE } from './select.ts';

/** What analytics counts: `count`, or `sum`, `avg`, `min`, `max` of a field. */
export interface Measure {
  readonly expression: Typed;
  /** What it is where there are no events. */
  readonly none: 0 | null;
}

const NUMBERS: readonly Field['type'][] = ['int', 'float'];
const FITTING = {
  SUM: NUMBERS,
  AVG: NUMBERS,
  MIN: [...NUMBERS, 'timestamp'],
  MAX: [...NUMBERS, 'timestamp'],
} as const;

/** @throws SluiceError VALIDATION_FAILED */
export function readMeasure(text: string, columns: readonly LogColumn[]): Measure {
  if (text === 'count') return { expression: aggregate('COUNT', undefined), none: 0 };
  const [, written = '', name = ''] = /^([a-z]+):(.*)$/s.exec(text) ?? [];
  const called = written.toUpperCase();
  if (!isAggregate(called) || called === 'COUNT') {
    throw wrong(
      'agg',
      `"${text.slice(0, 60)}" is not accepted: count, or sum, avg, min or max of a field, such as avg:latency, are.`,
    );
  }
  const field = readField('agg', name, columns);
  const fitting: readonly string[] = FITTING[called];
  if (!fitting.includes(field.type)) {
    throw wrong(
      'agg',
      `${written} takes a field of the type ${fitting.join(' or ')}; ${name} is of the type ${field.type}.`,
    );
  }
  const argument = columnOf(field, TABLE);
  return { expression: aggregate(called, argument, aggregateType(called, argument)), none: null };
}

/** The field whose time counts. @throws SluiceError VALIDATION_FAILED */
export function readTimeField(name: string, columns: readonly LogColumn[]): Field {
  const field = readField('timeField', name, columns);
  if (field.type === 'timestamp') return field;
  const times = [TIME, ...columns].filter(({ type }) => type === 'timestamp').map((column) => column.name);
  throw wrong(
    'timeField',
    `${name} is of the type ${field.type}; of the type timestamp there are ${times.slice(0, 20).join(', ')}.`,
  );
}

/** @throws SluiceError VALIDATION_FAILED */
export function readField(key: string, name: string, columns: readonly LogColumn[]): Field {
  const fields = fieldsOf(columns);
  const field = fields.get(name);
  if (field) return field;
  const names = [...fields.keys()];
  const some = names.slice(0, 20).join(', ') + (names.length > 20 ? ', ...' : '');
  throw wrong(
    key,
    `"${name.slice(0, 60)}" is no field of this family; there are ${some}.${didYouMean(name, names)}`,
  );
}
