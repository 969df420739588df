import type { JsonObject } from '../json.ts';
import type { Tokens } from '../plugin.ts';
import type { Page, PageRequest } from './page.ts';

/** A connection as its tenant may see it: nothing secret. */
export interface Connection {
  readonly tenantId: string;
  readonly id: string;
  readonly definition: string;
  readonly name: string;
  readonly config: JsonObject;
  readonly state: 'active' | 'needs_reauth';
  readonly stateReason: string | undefined;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** `secrets` maps JSON Pointers of the configuration to the values that stand there. */
export type ConnectionSecrets = JsonObject;

export interface ConnectionRecords {
  insert(connection: Connection, secrets: ConnectionSecrets): Promise<void>;
  find(tenantId: string, id: string): Promise<Connection | undefined>;
  secrets(tenantId: string, id: string): Promise<ConnectionSecrets>;
  list(
    tenantId: string,
    filter: { readonly definition?: string },
    page: PageRequest,
  ): Promise<Page<Connection>>;
  /** Writes name, configuration, secrets and state. Throws CONFLICT where another change came first. */
  update(connection: Connection, secrets: ConnectionSecrets): Promise<Connection>;
  /** Keeps tokens of a finished consent and makes the connection active. */
  saveTokens(tenantId: string, id: string, tokens: Tokens): Promise<void>;
  /** Ids of the automations that use it. */
  users(tenantId: string, id: string): Promise<readonly string[]>;
  delete(tenantId: string, id: string): Promise<void>;
}

/** A consent under way. Known by the SHA-256 of its `state` parameter. */
export interface Authorization {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly redirectUri: string;
  readonly verifier: string | undefined;
}

export interface AuthorizationStore {
  insert(stateHash: Buffer, authorization: Authorization, lifetimeMs: number): Promise<void>;
}
