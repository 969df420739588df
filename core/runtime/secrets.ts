import { followPointer, type JsonObject } from '../kernel/json.ts';
import type { LiveConnection } from '../kernel/ports.ts';
import type { Plan } from '../language/plan.ts';
import type { EngineDeps } from './frame.ts';
import { createRedactor, type Redactor } from './redaction.ts';

/** A redactor of a connection's secrets: configured ones, the operator's, and its tokens. */
export async function redactorFor(
  plan: Plan,
  connection: LiveConnection | undefined,
  deps: Pick<EngineDeps, 'app' | 'connections'>,
): Promise<Redactor> {
  const app = valuesAt(deps.app(plan.id), plan.secrets.app);
  if (!connection) return createRedactor(app);
  const known = redactors.get(connection);
  if (known) return known;
  const tokens = await deps.connections.tokens(connection);
  const issued = [tokens?.accessToken, tokens?.refreshToken].filter((token) => token !== undefined);
  const redactor = createRedactor([...app, ...valuesAt(connection.config, plan.secrets.connection), ...issued]);
  redactors.set(connection, redactor);
  return redactor;
}

// Stores hand out the same object until the connection or its tokens change.
const redactors = new WeakMap<LiveConnection, Redactor>();

function valuesAt(document: JsonObject, pointers: readonly string[]): string[] {
  return pointers.map((pointer) => followPointer(document, pointer)).filter((value) => typeof value === 'string');
}
