import {
  LogStoreError,
  type Json,
  type LogRows,
  type LogStatement,
  type QueryLimits,
  type ShardTenant,
} from '../../core/sdk.ts';
import { countingTypes } from './column-types.ts';
import { queryFault } from './faults.ts';
import { asTenant, namesOf } from './names.ts';
import type { Server } from './server.ts';
import type { Session } from './session.ts';
import { transaction } from './transaction.ts';

/** Beyond the time limit that the server keeps itself. */
const GRACE = 2000;

/** Runs a statement in the tenant's read-only role, and stops it where it passes a limit or nobody waits for it. */
export async function query(
  server: Server,
  tenant: ShardTenant,
  statement: LogStatement,
  limits: QueryLimits,
  signal?: AbortSignal,
): Promise<LogRows> {
  const { schema, readOnly } = namesOf(tenant);
  const limit = `SET LOCAL statement_timeout = ${Math.max(1, Math.round(limits.timeoutMs))}`;
  const begin = `BEGIN READ ONLY; ${asTenant(readOnly, schema)}; ${limit}`;
  return server.use(schema, { ms: limits.timeoutMs, late: 'timeout', signal }, (session) => {
    const stop = async (): Promise<void> => {
      // Where the server cannot be reached, cutting the connection is all that is left to do.
      await server.cancel(session.id).catch(() => undefined);
      // A cancellation that came late would hit the statement after it.
      session.destroy();
    };
    return transaction(session, () => collect(session, statement, limits, stop, signal), { begin });
  });
}

async function collect(
  session: Session,
  statement: LogStatement,
  { timeoutMs, maxRows, maxBytes }: QueryLimits,
  stop: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<LogRows> {
  const rows: (readonly Json[])[] = [];
  let columns: readonly string[] = [];
  let bytes = 0;
  let stopped: { readonly error: LogStoreError; readonly done: Promise<void> } | undefined;
  const stopFor = (error: LogStoreError): void => {
    stopped ??= { error, done: stop() };
  };
  const abort = (): void => stopFor(new LogStoreError('cancelled', 'The query was cancelled.'));
  if (signal?.aborted) throw new LogStoreError('cancelled', 'The query was cancelled before it ran.');
  signal?.addEventListener('abort', abort);
  try {
    const types = countingTypes((count) => (bytes += count));
    columns = await session.stream(statement, types, timeoutMs + GRACE, (row) => {
      if (stopped) return;
      if (rows.length >= maxRows) {
        stopFor(new LogStoreError('too_large', `The result has more than ${maxRows} rows.`));
      } else if (bytes > maxBytes) {
        stopFor(new LogStoreError('too_large', `The result has more than ${maxBytes} bytes.`));
      } else {
        rows.push(row);
      }
    });
  } catch (error) {
    if (!stopped) throw queryFault(error);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
  if (stopped) {
    await stopped.done;
    throw stopped.error;
  }
  return { columns, rows };
}
