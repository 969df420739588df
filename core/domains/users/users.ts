import { notFound } from '../../kernel/errors.ts';
import { uuid7 } from '../../kernel/ids.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import type { Role } from '../../kernel/stores/tenancy.ts';
import type { User } from '../../kernel/stores/users.ts';
import { audit, type Actor } from '../audit/record.ts';

export interface NewUser {
  readonly email: string;
  readonly name: string;
  /** Default: member. */
  readonly role?: Role;
}

/** Throws CONFLICT where another user of the tenant has the e-mail address, in whatever case. */
export async function createUser(stores: Stores, who: Actor, wanted: NewUser): Promise<User> {
  const now = new Date();
  const user: User = {
    tenantId: who.tenantId,
    id: uuid7(now.getTime()),
    email: wanted.email,
    name: wanted.name,
    role: wanted.role ?? 'member',
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
  await stores.users.insert(user);
  await audit(stores, who, 'user.create', `user:${user.id}`, { email: user.email, role: user.role });
  return user;
}

export async function findUser(stores: Stores, tenantId: string, id: string): Promise<User> {
  const user = await stores.users.find(tenantId, id);
  if (!user) throw notFound('user');
  return user;
}

export async function changeUser(stores: Stores, who: Actor, before: User, change: Partial<NewUser>): Promise<User> {
  const user = await stores.users.update({
    ...before,
    email: change.email ?? before.email,
    name: change.name ?? before.name,
    role: change.role ?? before.role,
  });
  await audit(stores, who, 'user.change', `user:${user.id}`, { keys: Object.keys(change), role: user.role });
  return user;
}

/** Its assignments to repos end with it. */
export async function deleteUser(stores: Stores, who: Actor, user: User): Promise<void> {
  await stores.users.delete(user.tenantId, user.id);
  await audit(stores, who, 'user.delete', `user:${user.id}`, { email: user.email });
}
