import type { HostServices } from './host.ts';
import type { JsonObject } from './json.ts';

/** What the platform offers to step types. A command that has no platform under it (`sluice run`) offers nothing. */
export interface Services {
  readonly logs?: LogServices;
  readonly host?: HostServices;
}

/** The log platform. */
export interface LogServices {
  /**
   * Stores events as `POST /api/log` does, once for a key within 24 hours.
   * @throws StepFault with what was wrong, `transient` where a server is away
   */
  append(
    tenantId: string,
    request: { readonly family: string; readonly schema: JsonObject; readonly logs: readonly JsonObject[] },
    key: string,
  ): Promise<void>;
  /**
   * Deletes one chunk of a family's events: those received before `before` (ms since the epoch) that match `where`, a
   * filter as search takes it.
   * @returns how many went, and whether none is left
   */
  purge(
    tenantId: string,
    what: { readonly family: string; readonly before?: number; readonly where?: string; readonly chunk: number },
  ): Promise<{ readonly purged: number; readonly done: boolean }>;
}
