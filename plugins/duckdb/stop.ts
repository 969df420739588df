import type { DuckDBConnection } from '@duckdb/node-api';
import { WarehouseError } from '../../core/sdk.ts';

/** An interruption is lost on a statement that waits for a thread, so it is repeated until the statement has ended. */
const REPEAT = 50;

export const cancelled = (): WarehouseError => new WarehouseError('cancelled', 'The work was called off.');

/** Runs `work` on a connection, and interrupts it when the signal says so; the signal's reason is what is thrown. */
export async function stoppable<T>(
  connection: DuckDBConnection,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    connection.interrupt();
    timer ??= setInterval(() => connection.interrupt(), REPEAT);
  };
  signal.throwIfAborted();
  signal.addEventListener('abort', stop);
  try {
    return await work();
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', stop);
    clearInterval(timer);
  }
}
