import mysql from 'mysql2';
import type { Json, LogType } from '../../core/sdk.ts';

const { Types } = mysql;

/** What each type is on the server, and what information_schema calls it. */
export const COLUMN_TYPES: Readonly<Record<LogType, { readonly ddl: string; readonly kept: string }>> = {
  string: { ddl: 'TEXT', kept: 'text' },
  int: { ddl: 'BIGINT', kept: 'bigint' },
  float: { ddl: 'DOUBLE', kept: 'double' },
  bool: { ddl: 'TINYINT(1)', kept: 'tinyint' },
  timestamp: { ddl: 'DATETIME(6)', kept: 'datetime' },
  // As it was sent, byte for byte: a JSON column would sort keys and round numbers.
  json: { ddl: 'LONGTEXT', kept: 'longtext' },
};

/** Makes a value of what the server sent, which is text for every type. */
export type Reader = (sent: Buffer) => Json;

/** How to read a column of a result, by the type number in the protocol. */
export function readerOf(columnType: number): Reader {
  return READERS.get(columnType) ?? asText;
}

const asText: Reader = (sent) => sent.toString('utf8');
const asNumber: Reader = (sent) => Number(sent.toString('latin1'));

function asInteger(sent: Buffer): Json {
  const text = sent.toString('latin1');
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}

/** To microseconds, whatever precision an expression has. */
function asMoment(sent: Buffer): Json {
  const text = sent.toString('latin1');
  return text.length === 19 ? `${text}.000000` : text.padEnd(26, '0');
}

const READERS: ReadonlyMap<number, Reader> = new Map<number, Reader>([
  ...[Types.TINY, Types.SHORT, Types.INT24, Types.LONG, Types.LONGLONG, Types.YEAR].map(
    (type) => [type, asInteger] as const,
  ),
  [Types.FLOAT, asNumber],
  [Types.DOUBLE, asNumber],
  [Types.DATETIME, asMoment],
  [Types.TIMESTAMP, asMoment],
]);
