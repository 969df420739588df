import type { Json } from '../../../kernel/json.ts';
import type { LogType } from '../../../kernel/logs.ts';

export type ShownType = LogType | 'decimal';

/**
 * A row as an answer shows it, by position. int is a number where it is a safe integer, else text; a decimal a number
 * where 15 digits suffice, else text; a timestamp RFC 3339 in UTC with microseconds; json stays text.
 */
export function decodeRow(query: { readonly columns: readonly { readonly type: ShownType }[] }, row: readonly Json[]): Json[] {
  return row.map((value, index) => (value === null ? null : DECODERS[query.columns[index]!.type](value)));
}

/** What an answer shows a value of the type as; not for null. */
export function decoderOf(type: ShownType): (value: Json) => Json {
  return DECODERS[type];
}

const DECODERS: Readonly<Record<ShownType, (value: Json) => Json>> = {
  string: textOf,
  json: textOf,
  int: (value) => (Number.isSafeInteger(Number(value)) ? Number(value) + 0 : textOf(value)),
  decimal: shownDecimal,
  float: Number,
  bool: (value) => value === true || (value !== false && Number(value) !== 0),
  timestamp: shownTime,
};

/** Any decimal of 15 digits is one double, and back. */
const MOST_DIGITS = 15;

function shownDecimal(value: Json): Json {
  const text = textOf(value);
  const digits = text.replace(/^-?0*\.?0*/, '').replace('.', '');
  const significant = text.includes('.') ? digits.replace(/0+$/, '') : digits;
  return significant.length <= MOST_DIGITS && Number.isFinite(Number(text)) ? Number(text) + 0 : text;
}

/** `2026-01-31 12:00:00.5` as `2026-01-31T12:00:00.500000Z`. */
function shownTime(value: Json): Json {
  const [, day, time, fraction = ''] = /^(\d+-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?/.exec(textOf(value)) ?? [];
  return day === undefined ? textOf(value) : `${day}T${time}.${fraction.slice(0, 6).padEnd(6, '0')}Z`;
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
