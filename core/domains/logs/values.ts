import type { Json } from '../../kernel/json.ts';
import type { LogType, LogValue } from '../../kernel/logs.ts';
import { shown } from './names.ts';
import { storedTimestamp } from './timestamp.ts';

/** Most bytes of a text in UTF-8, of JSON text too. */
export const MAX_TEXT = 65_535;

const BIGINT_MIN = -(2n ** 63n);
const BIGINT_MAX = 2n ** 63n - 1n;

/** Why a value cannot be stored. */
export class ValueFault {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/**
 * A value of an event as it is stored in a column of the type; never null, which is an absent value. Checked here and not left
 * to the stores: in its strict mode MySQL stores 3.7 in an integer column as 4.
 */
export const STORED: Readonly<Record<LogType, (value: Json) => LogValue | ValueFault>> = {
  string: (value) => (typeof value === 'string' ? (textFault(value) ?? value) : unexpected('text', value)),
  int: storedInt,
  float: storedFloat,
  bool: (value) => (typeof value === 'boolean' ? value : unexpected('true or false', value)),
  timestamp(value) {
    if (typeof value !== 'string') return unexpected('a time as text, such as "2026-01-31T12:00:00Z"', value);
    return (
      storedTimestamp(value) ??
      new ValueFault(
        `${shown(value)} is not a time of RFC 3339 with an offset, such as "2026-01-31T12:00:00.5Z" or "2026-01-31T12:00:00+01:00", of the years 1000 to 9999.`,
      )
    );
  },
  json: storedJson,
};

function storedInt(value: Json): LogValue | ValueFault {
  if (typeof value === 'number') {
    // Adding 0 makes -0 a plain 0.
    if (Number.isSafeInteger(value)) return value + 0;
    if (Number.isInteger(value)) {
      return new ValueFault(
        `The number ${value} is beyond 2^53-1, where numbers of JSON lose digits. Send it as text, such as "9007199254740993".`,
      );
    }
    if (!Number.isFinite(value)) return tooLarge();
    return new ValueFault(`${value} is not a whole number; the column is of the type int.`);
  }
  if (typeof value !== 'string' || !/^-?\d{1,20}$/.test(value)) {
    return unexpected('a whole number, or one as decimal text', value);
  }
  const exact = BigInt(value);
  if (exact < BIGINT_MIN || exact > BIGINT_MAX) {
    return new ValueFault(`${value} is beyond what an int holds: ${BIGINT_MIN} to ${BIGINT_MAX}.`);
  }
  const number = Number(exact);
  return Number.isSafeInteger(number) ? number : exact.toString();
}

function storedFloat(value: Json): LogValue | ValueFault {
  if (typeof value !== 'number') return unexpected('a number', value);
  return Number.isFinite(value) ? value + 0 : tooLarge();
}

function storedJson(value: Json): LogValue | ValueFault {
  const fault = jsonFault(value);
  if (fault) return fault;
  const text = JSON.stringify(value);
  return lengthFault(text) ?? text;
}

/** What would not come back as it was sent. Depth is limited where the body is read. */
function jsonFault(value: Json): ValueFault | undefined {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return tooLarge();
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      return new ValueFault(
        `The number ${value} in it is beyond 2^53-1, where numbers of JSON lose digits. Send it as text.`,
      );
    }
  } else if (typeof value === 'string') {
    return surrogateFault(value);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value as Record<string, Json>)) {
      const fault = surrogateFault(key) ?? jsonFault(item);
      if (fault) return fault;
    }
  }
  return undefined;
}

function textFault(text: string): ValueFault | undefined {
  return lengthFault(text) ?? surrogateFault(text);
}

function lengthFault(text: string): ValueFault | undefined {
  // A code unit takes three bytes at most.
  if (text.length * 3 <= MAX_TEXT) return undefined;
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_TEXT) return undefined;
  return new ValueFault(`The text has ${bytes} bytes; ${MAX_TEXT} are the most that a field holds.`);
}

function surrogateFault(text: string): ValueFault | undefined {
  if (text.isWellFormed()) return undefined;
  return new ValueFault(
    'The text holds half of a surrogate pair, which is no character. Send whole characters.',
  );
}

function tooLarge(): ValueFault {
  return new ValueFault('The number is larger than a double-precision number can be.');
}

function unexpected(wanted: string, value: Json): ValueFault {
  return new ValueFault(`Expected ${wanted}, got ${nameOf(value)}.`);
}

function nameOf(value: Json): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `the text ${shown(value)}`;
  return typeof value === 'number' ? `the number ${value}` : String(value);
}
