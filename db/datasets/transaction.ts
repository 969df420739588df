import pg from 'pg';
import { isDatabaseAway } from '../../core/kernel/database-away.ts';
import { OperationalError } from '../../core/kernel/stores/operational.ts';
import { inTransaction } from '../transaction.ts';

/** A file may take this long, and so may the wait for one that is being taken in. */
const LONGEST = '2h';

/** Begins what may take long. */
export const BEGIN_LONG = `BEGIN; SET LOCAL statement_timeout = '${LONGEST}'`;

/** Does `work` in one transaction. @throws OperationalError for what the database refuses, and what `work` throws */
export async function within<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  begin = 'BEGIN',
): Promise<T> {
  try {
    return await inTransaction(pool, begin, work);
  } catch (error) {
    throw faultOf(error);
  }
}

/** SQLSTATE classes of statements that may succeed another time: serialisation, locks, and what was called off. */
const AGAIN = /^(40|55P03|57014)/;
/** Of values that a column does not take: classes 22 (data) and 23502 (null), and what no index takes (54000). */
const VALUES = /^(22|23502|54000)/;

/** What an error of the database means to those who know no SQLSTATE; anything else is as it was. */
export function faultOf(error: unknown): unknown {
  if (error instanceof OperationalError || !(error instanceof Error)) return error;
  const code = error instanceof pg.DatabaseError ? (error.code ?? '') : '';
  if (isDatabaseAway(error) || AGAIN.test(code))
    return new OperationalError('unavailable', `The operational store cannot answer now: ${error.message}.`, {
      cause: error,
    });
  if (!(error instanceof pg.DatabaseError) || !VALUES.test(code)) return error;
  const where = error.where === undefined ? '' : ` (${error.where})`;
  return new OperationalError('invalid', `A value does not fit: ${error.message}${where}.`, {
    cause: error,
    ...(error.column === undefined ? {} : { column: error.column }),
  });
}
