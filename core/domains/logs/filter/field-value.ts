import type { Json } from '../../../kernel/json.ts';
import type { LogType, LogValue } from '../../../kernel/logs.ts';
import { shown } from '../names.ts';
import { STORED, ValueFault } from '../values.ts';
import type { Field } from './filter.ts';
import { FilterFault, type Written } from './tokens.ts';

/** What a field is compared with, as it would be stored. @throws FilterFault where it is not of the field's type */
export function storedOperand({ name, type }: Field, { text, at }: Written): LogValue {
  const value = READ[type](text);
  const stored = value === undefined ? undefined : STORED[type](value);
  if (stored !== undefined && !(stored instanceof ValueFault)) return stored;
  const why = stored?.message.replace(/\.$/, '') ?? `Expected ${WANTED[type]}, got ${shown(text)}`;
  throw new FilterFault(`${name} is of the type ${type}. ${why}`, at);
}

/** The JSON value that a text stands for in a field of the type; undefined where it stands for none. */
const READ: Readonly<Record<LogType, (text: string) => Json | undefined>> = {
  string: (text) => text,
  // Those are taken as text where a number would lose digits.
  int: (text) => text,
  float: (text) => (/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined),
  bool: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  timestamp: (text) => text,
  json: parsed,
};

const WANTED: Readonly<Record<LogType, string>> = {
  string: 'text',
  int: 'a whole number',
  float: 'a number',
  bool: 'true or false',
  timestamp: 'a time of RFC 3339',
  json: 'a JSON value in quotes, such as "{\\"a\\":1}"',
};

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
