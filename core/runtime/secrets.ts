import { followPointer, isJsonObject, type Json, type JsonObject } from '../kernel/json.ts';
import type { LiveConnection } from '../kernel/ports.ts';
import type { Plan } from '../language/plan.ts';
import type { EngineDeps } from './frame.ts';
import { createRedactor, learningRedactor, type LearningRedactor, type Redactor } from './redaction.ts';

/** A redactor of a connection's secrets for one stretch of work: configured ones, the operator's, and its tokens. */
export async function redactorFor(
  plan: Plan,
  connection: LiveConnection | undefined,
  deps: Pick<EngineDeps, 'app' | 'connections'>,
): Promise<LearningRedactor> {
  const app = valuesAt(deps.app(plan.id), plan.secrets.app);
  if (!connection) return learningRedactor(createRedactor(app));
  const known = redactors.get(connection)?.get(plan);
  if (known) return learningRedactor(known);
  const tokens = await deps.connections.tokens(connection);
  const issued = [tokens?.accessToken, tokens?.refreshToken].filter((token) => token !== undefined);
  const redactor = createRedactor([...app, ...valuesAt(connection.config, plan.secrets.connection), ...issued]);
  const ofPlans = redactors.get(connection) ?? new WeakMap<Plan, Redactor>();
  redactors.set(connection, ofPlans.set(plan, redactor));
  return learningRedactor(redactor);
}

// Stores hand out the same object until the connection or its tokens change. What is secret is the plan's to say.
const redactors = new WeakMap<LiveConnection, WeakMap<Plan, Redactor>>();

/** The secret texts of a document, by the JSON Pointers of its secrets. */
export function valuesAt(document: JsonObject, pointers: readonly string[]): string[] {
  return pointers.flatMap((pointer) => textsIn(followPointer(document, pointer) as Json | undefined));
}

function textsIn(value: Json | undefined): string[] {
  if (typeof value === 'string') return [value, ...keysIn(value)];
  if (typeof value === 'number') return [String(value)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap((inner: Json) => textsIn(inner));
}

const KEY_NAME = /key|secret|token|password/i;

/** A key file pasted whole, as vendors give them out for robots: the keys inside travel alone. */
function keysIn(text: string): string[] {
  if (!text.trimStart().startsWith('{')) return [];
  try {
    const file: unknown = JSON.parse(text);
    if (!isJsonObject(file)) return [];
    return Object.entries(file).flatMap(([name, value]) =>
      KEY_NAME.test(name) && typeof value === 'string' ? [value] : [],
    );
  } catch {
    return [];
  }
}
