import { notFound } from '../../kernel/errors.ts';
import type { ConnectionStore, LiveConnection } from '../../kernel/ports.ts';
import type { Connection } from '../../kernel/stores/connections.ts';
import type { Plan } from '../../language/plan.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import { planNamed } from './config.ts';

/** Sends what a definition's `verify` says; the runtime's part. `message` is redacted. */
export type Verify = (plan: Plan, connection: LiveConnection) => Promise<Verification>;

export interface Verification {
  readonly ok: boolean;
  readonly message: string;
}

/** Whether the other side accepts the connection's credentials. */
export async function verifyConnection(
  deps: {
    readonly catalogue: Catalogue;
    readonly live: Pick<ConnectionStore, 'load'>;
    readonly verify: Verify;
  },
  connection: Connection,
): Promise<Verification> {
  const plan = planNamed(deps.catalogue, connection.definition);
  const live = await deps.live.load(connection.tenantId, connection.id);
  if (!live) throw notFound('connection');
  if (!plan.pipelines.has('verify')) {
    return {
      ok: true,
      message: `${plan.title} has no request to verify with; the configuration is well-formed.`,
    };
  }
  return deps.verify(plan, live);
}
