import pg from 'pg';
import type { Json, LogType } from '../../core/sdk.ts';

/** What each type is on the server, and what `format_type` calls it. */
export const COLUMN_TYPES: Readonly<Record<LogType, { readonly ddl: string; readonly kept: string }>> = {
  string: { ddl: 'text COLLATE "C"', kept: 'text' },
  int: { ddl: 'bigint', kept: 'bigint' },
  float: { ddl: 'double precision', kept: 'double precision' },
  bool: { ddl: 'boolean', kept: 'boolean' },
  // In UTC by convention, so that no session's time zone takes part.
  timestamp: { ddl: 'timestamp(6)', kept: 'timestamp(6) without time zone' },
  // As it was sent, byte for byte: jsonb would sort keys and refuse some text.
  json: { ddl: 'text COLLATE "C"', kept: 'text' },
};

const { BOOL, INT2, INT4, INT8, FLOAT4, FLOAT8, TIMESTAMP, TIMESTAMPTZ } = pg.types.builtins;

/** Parsers for results that report the bytes of each value before they read it. */
export function countingTypes(count: (bytes: number) => void): pg.CustomTypesConfig {
  return {
    getTypeParser: (oid: number) => {
      const read = READERS.get(oid) ?? ((text: string) => text);
      return (text: string) => {
        count(Buffer.byteLength(text));
        return read(text);
      };
    },
  };
}

function asInteger(text: string): Json {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}

/** JSON has no word for NaN and the infinities. */
function asFloat(text: string): Json {
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

/** To microseconds; the server leaves out trailing zeros. */
function asMoment(text: string): Json {
  const [whole = '', fraction = ''] = text.replace(/\+00$/, '').split('.');
  return `${whole}.${fraction.padEnd(6, '0')}`;
}

const READERS: ReadonlyMap<number, (text: string) => Json> = new Map<number, (text: string) => Json>([
  [BOOL, (text) => text === 't'],
  ...[INT2, INT4, INT8].map((oid) => [oid, asInteger] as const),
  ...[FLOAT4, FLOAT8].map((oid) => [oid, asFloat] as const),
  ...[TIMESTAMP, TIMESTAMPTZ].map((oid) => [oid, asMoment] as const),
]);
