import pg from 'pg';
import { isDatabaseAway } from '../../core/kernel/database-away.ts';
import { messageOf, StepFault, type FaultCode, type FaultKind } from '../../core/kernel/errors.ts';
import { connectionTo } from '../connection.ts';

const CONNECT_TIMEOUT = 5000;

/**
 * Runs `work` as the login of `url`, on a connection of its own: databases are made and dropped outside transactions,
 * and with it go the locks that `work` took.
 * @throws StepFault for what the server says
 */
export async function administer<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...connectionTo(url), connectionTimeoutMillis: CONNECT_TIMEOUT });
  // A connection that breaks fails the statement at work, or the next one.
  client.on('error', () => {});
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw faultOf(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export function stateOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** By SQLSTATE (PostgreSQL, appendix A). What is not here is a defect, and an unknown outcome. */
const FAULTS: Readonly<Record<string, { readonly kind: FaultKind; readonly code: FaultCode }>> = {
  '42501': { kind: 'config', code: 'ACCESS_DENIED' },
  '28P01': { kind: 'config', code: 'INVALID_CREDENTIALS' },
  '28000': { kind: 'config', code: 'INVALID_CREDENTIALS' },
  '2BP01': { kind: 'config', code: 'RESOURCE_CONFLICT' },
  '55006': { kind: 'transient', code: 'RESOURCE_CONFLICT' },
  '57014': { kind: 'transient', code: 'SERVICE_TIMEOUT' },
  '55P03': { kind: 'transient', code: 'RESOURCE_CONFLICT' },
  XX000: { kind: 'transient', code: 'RESOURCE_CONFLICT' },
};

function faultOf(cause: unknown): unknown {
  if (cause instanceof StepFault) return cause;
  const message = `PostgreSQL: ${messageOf(cause)}`;
  if (isDatabaseAway(cause)) return new StepFault('transient', message, { cause, code: 'NETWORK_FAILURE' });
  const fault = FAULTS[stateOf(cause) ?? ''];
  return fault ? new StepFault(fault.kind, message, { cause, code: fault.code }) : cause;
}
