import { systemClock } from '../kernel/clock.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { ConnectionStore } from '../kernel/ports.ts';
import type { Registry } from '../kernel/registry.ts';
import type { Services } from '../kernel/services.ts';
import { createAuthorizer } from '../runtime/auth.ts';
import type { EngineDeps } from '../runtime/frame.ts';
import { createHttpClient } from '../runtime/http/client.ts';
import type { Settings } from './settings.ts';
import type { Started } from './started.ts';

export type Engine = Omit<EngineDeps, 'checkpoint' | 'http'> & { readonly http: ReturnType<typeof createHttpClient> };

/** What carries pipelines out. */
export function openEngine(
  { apps, endpoints, egressAllow }: Settings,
  { registry, connections, started, ...more }: {
    readonly registry: Registry;
    readonly connections: ConnectionStore;
    readonly services: Services;
    readonly events: EngineDeps['events'];
    readonly started: Started;
  },
): Engine {
  const http = started.add(createHttpClient({ endpoints, egressAllow, clock: systemClock }), (open) => open.close());
  const app = (definition: string): JsonObject => apps[definition] ?? {};
  const authorizer = createAuthorizer({ registry, connections, http, clock: systemClock, app });
  return {
    clock: systemClock,
    random: Math.random,
    http,
    connections,
    authorizer,
    app,
    stepTypes: (name) => registry.stepType(name),
    ...more,
  };
}
