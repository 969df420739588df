import type { JsonObject } from '../json.ts';
import type { DefinitionRef, RunError } from '../runs.ts';
import type { Page, PageRequest } from './page.ts';

export const ENVIRONMENT_STATES = [
  'CREATING',
  'ACTIVE',
  'DEGRADED',
  'ROLLING_BACK',
  'FAILED',
  'DELETING',
  'DELETE_FAILED',
  'DELETED',
] as const;
export type EnvironmentState = (typeof ENVIRONMENT_STATES)[number];

/** States in which repos may be attached. The database has the same list: see migration 0009. */
export const ATTACHABLE: readonly EnvironmentState[] = ['ACTIVE', 'DEGRADED'];

/** Kinds of runs that are operations on an environment; its drift checks are runs of kind `read`, and none. */
export const OPERATION_KINDS = ['create', 'delete'] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];

export function isOperationKind(kind: string): kind is OperationKind {
  return (OPERATION_KINDS as readonly string[]).includes(kind);
}

const SUBJECT = 'environment:';

/** The `subject` of an environment's runs. */
export function environmentSubject(id: string): string {
  return SUBJECT + id;
}

/** The environment that a run is about. */
export function environmentOf(subject: string): string | undefined {
  return subject.startsWith(SUBJECT) ? subject.slice(SUBJECT.length) : undefined;
}

/** Network, storage and roles at a provider, as a provisioner made them. */
export interface ComputeEnvironment {
  readonly tenantId: string;
  readonly id: string;
  /** No two of a tenant that are not DELETED differ by case alone. */
  readonly name: string;
  /** The provisioner that made it: it is read and deleted with the same text. */
  readonly definition: DefinitionRef;
  readonly connectionId: string | undefined;
  readonly input: JsonObject;
  readonly state: EnvironmentState;
  readonly outputs: JsonObject | undefined;
  /** Outputs of the steps that made it, by their ids. */
  readonly steps: JsonObject;
  readonly error: RunError | undefined;
  /** Its latest operation, which is a run. */
  readonly operationId: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | undefined;
}

export interface EnvironmentFilter {
  readonly states?: readonly EnvironmentState[];
  /** A definition's id. */
  readonly provisioner?: string;
}

export interface EnvironmentStore {
  /**
   * Its operation's run has to be there. It goes out with what follows: where another environment of the tenant has the
   * name, the transaction throws CONFLICT at its end.
   */
  insert(environment: ComputeEnvironment): Promise<void>;
  find(tenantId: string, id: string): Promise<ComputeEnvironment | undefined>;
  /** Without those that are DELETED. */
  list(tenantId: string, filter: EnvironmentFilter, page: PageRequest): Promise<Page<ComputeEnvironment>>;
  /**
   * Makes the run `operationId` its latest operation, and sets it DELETING: from here on no repo can be attached.
   * Throws IN_USE where one is; the transaction can go on.
   * @returns false where its latest operation is not the one that `environment` names: somebody was faster
   */
  beginDelete(environment: ComputeEnvironment, operationId: string): Promise<boolean>;
  /** Ids of repos that stand on it, at most `limit`. */
  repos(tenantId: string, id: string, limit: number): Promise<readonly string[]>;
  /** Ids of environments not DELETED that need the connection, at most `limit`. */
  byConnection(tenantId: string, connectionId: string, limit: number): Promise<readonly string[]>;
}

/** What is asked of the environments of all tenants, by the timetable. */
export interface EnvironmentDirectory {
  /** Takes up to `limit` usable environments that were not looked at for `idleMs`, as looked at from now on. */
  takeUnread(idleMs: number, limit: number): Promise<readonly ComputeEnvironment[]>;
  /** Forgets environments that were deleted 30 days ago; returns how many. */
  purgeDeleted(): Promise<number>;
}
