import { StepFault } from '../../kernel/errors.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { NewRun } from '../../kernel/runs.ts';
import type { Connection } from '../../kernel/stores/connections.ts';
import type { Tenant } from '../../kernel/stores/tenancy.ts';
import { ABSENT, type Pipeline } from '../../language/plan.ts';

/** What a concurrency key may name. Secrets may not stand in one, so the connection comes without. */
export interface KeyParts {
  readonly connection: Connection | undefined;
  readonly tenant: Tenant | undefined;
  readonly runId: string;
  readonly input: JsonObject;
  /** Further variables, such as `event`. */
  readonly more: JsonObject;
}

/** The concurrency key of a run to be. Throws StepFault where it is no text for this run. */
export function concurrencyOf(
  definition: string,
  { concurrency }: Pipeline,
  { connection, tenant, runId, input, more }: KeyParts,
): NewRun['concurrency'] {
  if (!concurrency) return undefined;
  const now = new Date().toISOString();
  const key = concurrency.key({
    connection: connection ? { ...connection.config, id: connection.id } : {},
    tenant: { id: tenant?.id, name: tenant?.name },
    run: { id: runId, createdAt: now },
    now,
    app: {},
    input,
    ...more,
  });
  if (key === ABSENT || key === null || typeof key === 'object') {
    throw new StepFault('config', 'The concurrency key of the definition is no text for this run.');
  }
  return { key: `${definition} ${String(key)}`, limit: concurrency.limit };
}
