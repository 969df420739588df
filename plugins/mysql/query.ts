import {
  LogStoreError,
  type Json,
  type LogRows,
  type LogStatement,
  type QueryLimits,
  type ShardTenant,
} from '../../core/sdk.ts';
import { canceller, reader } from './accounts.ts';
import { readerOf, type Reader } from './column-types.ts';
import { queryFault } from './faults.ts';
import { bind } from './literal.ts';
import type { Server } from './server.ts';
import { CONNECT_TIMEOUT, type Session } from './session.ts';

/** Beyond the time limit that the server keeps itself. */
const GRACE = 2000;

/** Runs a statement as the tenant's read-only user, and stops it where it passes a limit or nobody waits for it. */
export async function query(
  server: Server,
  tenant: ShardTenant,
  statement: LogStatement,
  limits: QueryLimits,
  signal?: AbortSignal,
): Promise<LogRows> {
  const sql = bind(statement.sql, statement.values);
  const { mariaDb } = await server.facts();
  return server.use(reader(tenant), { ms: limits.timeoutMs, signal }, async (session) => {
    await session.run('START TRANSACTION READ ONLY', CONNECT_TIMEOUT);
    if (session.timeLimit !== limits.timeoutMs) {
      const ms = Math.max(1, Math.round(limits.timeoutMs));
      await session.run(
        `SET SESSION ${mariaDb ? `max_statement_time = ${ms / 1000}` : `max_execution_time = ${ms}`}`,
      );
      session.timeLimit = limits.timeoutMs;
    }
    try {
      const stop = (): Promise<void> => killQuery(server, tenant, session);
      const rows = await collect(session, sql, limits, stop, signal);
      await session.run('COMMIT', CONNECT_TIMEOUT);
      return rows;
    } catch (error) {
      if (session.alive) await session.run('ROLLBACK', CONNECT_TIMEOUT).catch(() => session.destroy());
      throw error;
    }
  });
}

/**
 * Ends what the session runs. Then its connection goes too: a kill that came late would hit the statement after it.
 */
async function killQuery(server: Server, tenant: ShardTenant, session: Session): Promise<void> {
  const kill = server.use(canceller(tenant), { ms: CONNECT_TIMEOUT }, (other) =>
    other.run(`KILL QUERY ${session.id}`, CONNECT_TIMEOUT),
  );
  // Where the server cannot be reached, cutting the connection is all that is left to do.
  await kill.catch(() => undefined);
  session.destroy();
}

async function collect(
  session: Session,
  sql: string,
  { timeoutMs, maxRows, maxBytes }: QueryLimits,
  stop: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<LogRows> {
  const rows: Json[][] = [];
  let columns: readonly string[] = [];
  let readers: readonly Reader[] = [];
  let bytes = 0;
  let stopped: { readonly error: LogStoreError; readonly done: Promise<void> } | undefined;
  const stopFor = (error: LogStoreError): void => {
    stopped ??= { error, done: stop() };
  };
  const abort = (): void => stopFor(new LogStoreError('cancelled', 'The query was cancelled.'));
  if (signal?.aborted) throw new LogStoreError('cancelled', 'The query was cancelled before it ran.');
  signal?.addEventListener('abort', abort);
  try {
    await session.stream(sql, timeoutMs + GRACE, {
      fields(fields) {
        columns = fields.map(({ name }) => name);
        readers = fields.map(({ columnType }) => readerOf(columnType ?? 0));
      },
      row(row) {
        if (stopped) return;
        for (const value of row) bytes += value?.length ?? 0;
        if (rows.length >= maxRows) {
          stopFor(new LogStoreError('too_large', `The result has more than ${maxRows} rows.`));
        } else if (bytes > maxBytes) {
          stopFor(new LogStoreError('too_large', `The result has more than ${maxBytes} bytes.`));
        } else {
          rows.push(row.map((value, at) => (value === null ? null : readers[at]!(value))));
        }
      },
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
