import { LogStoreError, type LogStoreFault } from '../../core/sdk.ts';

/** SQLSTATEs of PostgreSQL's appendix A, whole or by class. */
const BY_STATE: ReadonlyMap<string, LogStoreFault> = new Map<string, LogStoreFault>([
  // A time limit and a cancellation share a state; who asked for a cancellation knows of it.
  ['57014', 'timeout'],
  ['57P01', 'unavailable'],
  ['57P02', 'unavailable'],
  ['57P03', 'unavailable'],
  ['57P05', 'unavailable'],
  ['55P03', 'locked'],
  ['40P01', 'locked'],
  ['40001', 'locked'],
  ['42501', 'denied'],
  ['25006', 'denied'],
  ['54000', 'too_large'],
]);
const BY_CLASS: ReadonlyMap<string, LogStoreFault> = new Map<string, LogStoreFault>([
  ['08', 'unavailable'],
  ['28', 'denied'],
  ['53', 'unavailable'],
  ['58', 'unavailable'],
]);

/** The SQLSTATE of a server's error, or undefined for anything else. */
export function sqlState(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as Error & { code?: unknown }).code : undefined;
  // EPIPE and its like are five characters, too; no class of states begins with E.
  return typeof code === 'string' && /^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code) ? code : undefined;
}

/** A lock was not to be had, or a deadlock: the transaction may be tried again. */
export function isLocked(error: unknown): boolean {
  return BY_STATE.get(sqlState(error) ?? '') === 'locked';
}

/** A value beyond the range of its type, and a query in an expression that gives more than one row. */
const UNCOMPUTABLE = new Set(['22003', '21000']);

/** What a query's failure means; the same states mean other things where rows are written. */
export function queryFault(error: unknown): unknown {
  if (!(error instanceof Error) || !UNCOMPUTABLE.has(sqlState(error) ?? '')) return error;
  return new LogStoreError('uncomputable', error.message, { cause: error });
}

/** What a caller is told: a LogStoreError for anything of the server or the way to it; our own mistakes as they are. */
export function toFault(error: unknown, label: string): unknown {
  if (!(error instanceof Error) || error instanceof LogStoreError) return error;
  const fault = faultOf(error);
  return fault ? new LogStoreError(fault, `Shard ${label}: ${messageOf(error)}`, { cause: error }) : error;
}

function faultOf(error: Error): LogStoreFault | undefined {
  const state = sqlState(error);
  if (state !== undefined) return BY_STATE.get(state) ?? BY_CLASS.get(state.slice(0, 2)) ?? 'refused';
  const code = (error as Error & { code?: string }).code ?? '';
  // pg gives these no code.
  const lost =
    /Connection terminated|connection timeout|timeout exceeded|not queryable|connection error|does not support SSL/i;
  return /^(E[A-Z_]+|.*CERT.*)$/.test(code) || lost.test(error.message) ? 'unavailable' : undefined;
}

/** Where a host has several addresses, the error is one of many and says nothing itself. */
function messageOf(error: Error): string {
  if (error.message) return error.message;
  return error instanceof AggregateError ? error.errors.map(String).join('; ') : error.name;
}
