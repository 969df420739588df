import { LogStoreError, type LogStoreFault } from '../../core/sdk.ts';

/** The parts of a mysql2 error that say what happened. */
interface MysqlError extends Error {
  readonly errno?: number;
  readonly code?: string;
  readonly fatal?: boolean;
}

/**
 * Server error numbers, of MySQL's and MariaDB's error references. From 1900 on the two differ: the time limit is 3024
 * on MySQL and 1969 on MariaDB.
 */
const BY_NUMBER: ReadonlyMap<number, LogStoreFault> = new Map([
  // Too many connections, shutting down, out of disk, killed, too many of one user, log full, read-only server.
  ...[
    1021, 1040, 1053, 1114, 1135, 1152, 1158, 1159, 1160, 1161, 1203, 1226, 1290, 1836, 1927, 3032, 4031,
  ].map((number) => [number, 'unavailable'] as const),
  ...[1969, 3024].map((number) => [number, 'timeout'] as const),
  ...[1205, 1213, 3572].map((number) => [number, 'locked'] as const),
  ...[1044, 1045, 1142, 1143, 1227, 1370, 1698, 1792, 3118].map((number) => [number, 'denied'] as const),
  ...[1104, 1153, 3170].map((number) => [number, 'too_large'] as const),
  [1317, 'cancelled'],
]);

/** The number of a server's error, or undefined for anything else. */
export function errorNumber(error: unknown): number | undefined {
  return error instanceof Error ? (error as MysqlError).errno : undefined;
}

/** Whether the transaction may simply be tried again: a deadlock, or a lock waited for too long. */
export function isLocked(error: unknown): boolean {
  return [1205, 1213].includes(errorNumber(error) ?? 0);
}

/** A value beyond the range of its type, and a query in an expression that gives more than one row. */
const UNCOMPUTABLE = new Set([1690, 1242]);

/** What a query's failure means; the same numbers mean other things where rows are written. */
export function queryFault(error: unknown): unknown {
  if (!(error instanceof Error) || !UNCOMPUTABLE.has(errorNumber(error) ?? 0)) return error;
  return new LogStoreError('uncomputable', error.message, { cause: error });
}

/** What a caller is told: a LogStoreError for anything of the server or the way to it; our own mistakes as they are. */
export function toFault(error: unknown, label: string): unknown {
  if (!(error instanceof Error) || error instanceof LogStoreError) return error;
  const { errno, code } = error as MysqlError;
  const fault = faultOf(error);
  if (!fault) return error;
  const said = error.message || code || String(errno);
  return new LogStoreError(fault, `Shard ${label}: ${said}`, { cause: error });
}

/** Network errors carry negative numbers or none, and a code. */
function faultOf(error: MysqlError): LogStoreFault | undefined {
  if (error.errno !== undefined && error.errno > 0) return BY_NUMBER.get(error.errno) ?? 'refused';
  const lost = error.fatal === true || /closed state|Connection lost/.test(error.message);
  return lost || /^(E[A-Z]+|PROTOCOL_.*|HANDSHAKE_.*|CERT_.*|.*_CERT_.*)$/.test(error.code ?? '')
    ? 'unavailable'
    : undefined;
}
