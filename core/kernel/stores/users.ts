import type { Page, PageRequest } from './page.ts';
import type { Role } from './tenancy.ts';

/** A person of one customer. */
export interface User {
  readonly tenantId: string;
  readonly id: string;
  /** As it was given; no two of a tenant differ by case alone. */
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface UserFilter {
  /** Whatever the case. */
  readonly email?: string;
  readonly role?: Role;
  /** Those assigned to this repo. */
  readonly repoId?: string;
}

export interface UserStore {
  /** Throws CONFLICT where another user of the tenant has the e-mail address. */
  insert(user: User): Promise<void>;
  find(tenantId: string, id: string): Promise<User | undefined>;
  list(tenantId: string, filter: UserFilter, page: PageRequest): Promise<Page<User>>;
  /** Throws CONFLICT where another user has the e-mail address, or another change came first. */
  update(user: User): Promise<User>;
  /** Its assignments go too. */
  delete(tenantId: string, id: string): Promise<void>;
}
