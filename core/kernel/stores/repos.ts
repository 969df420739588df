import type { Page, PageRequest } from './page.ts';

/** What holds notebooks and dashboards. It stands on one compute environment, which others may share. */
export interface Repo {
  readonly tenantId: string;
  readonly id: string;
  /** No two of a tenant differ by case alone. */
  readonly name: string;
  readonly computeEnvironmentId: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface RepoFilter {
  readonly computeEnvironmentId?: string;
  /** Those that this user is assigned to. */
  readonly userId?: string;
}

export interface RepoStore {
  /**
   * Throws CONFLICT where another repo of the tenant has the name, ENVIRONMENT_NOT_READY where its environment cannot
   * be stood on: the database decides, so that a deletion that begins at the same time has one winner.
   */
  insert(repo: Repo): Promise<void>;
  find(tenantId: string, id: string): Promise<Repo | undefined>;
  list(tenantId: string, filter: RepoFilter, page: PageRequest): Promise<Page<Repo>>;
  /** As `insert`; throws CONFLICT also where another change came first. */
  update(repo: Repo): Promise<Repo>;
  /** Its assignments go too. */
  delete(tenantId: string, id: string): Promise<void>;
  /** False where the user was assigned before. Throws NOT_FOUND where the repo or the user is not there (any more). */
  assign(tenantId: string, repoId: string, userId: string): Promise<boolean>;
  /** False where the user was not assigned. */
  unassign(tenantId: string, repoId: string, userId: string): Promise<boolean>;
}
