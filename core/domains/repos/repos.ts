import { notFound, SluiceError } from '../../kernel/errors.ts';
import { uuid7 } from '../../kernel/ids.ts';
import { ATTACHABLE } from '../../kernel/stores/compute.ts';
import type { Repo } from '../../kernel/stores/repos.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import type { User } from '../../kernel/stores/users.ts';
import { audit, type Actor } from '../audit/record.ts';
import { findEnvironment } from '../compute/environments.ts';

export interface NewRepo {
  readonly name: string;
  readonly computeEnvironmentId: string;
}

/**
 * Throws NOT_FOUND where the environment is not the tenant's, ENVIRONMENT_NOT_READY where it cannot be stood on,
 * CONFLICT where another repo has the name.
 */
export async function createRepo(stores: Stores, who: Actor, wanted: NewRepo): Promise<Repo> {
  await checkUsable(stores, who.tenantId, wanted.computeEnvironmentId);
  const now = new Date();
  const { name, computeEnvironmentId } = wanted;
  const id = uuid7(now.getTime());
  const repo: Repo = {
    tenantId: who.tenantId,
    id,
    name,
    computeEnvironmentId,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
  await stores.repos.insert(repo);
  await audit(stores, who, 'repo.create', `repo:${id}`, { name, computeEnvironmentId });
  return repo;
}

export async function findRepo(stores: Stores, tenantId: string, id: string): Promise<Repo> {
  const repo = await stores.repos.find(tenantId, id);
  if (!repo) throw notFound('repo');
  return repo;
}

/** As `createRepo`; a repo keeps its users when it moves to another environment. */
export async function changeRepo(stores: Stores, who: Actor, before: Repo, change: Partial<NewRepo>): Promise<Repo> {
  const { name = before.name, computeEnvironmentId = before.computeEnvironmentId } = change;
  if (computeEnvironmentId !== before.computeEnvironmentId) {
    await checkUsable(stores, who.tenantId, computeEnvironmentId);
  }
  const repo = await stores.repos.update({ ...before, name, computeEnvironmentId });
  await audit(stores, who, 'repo.change', `repo:${repo.id}`, { ...change });
  return repo;
}

export async function deleteRepo(stores: Stores, who: Actor, repo: Repo): Promise<void> {
  await stores.repos.delete(repo.tenantId, repo.id);
  await audit(stores, who, 'repo.delete', `repo:${repo.id}`, { name: repo.name });
}

/** Does nothing where the user is assigned already. */
export async function assignUser(stores: Stores, who: Actor, repo: Repo, user: User): Promise<void> {
  if (!(await stores.repos.assign(repo.tenantId, repo.id, user.id))) return;
  await audit(stores, who, 'repo.assign', `repo:${repo.id}`, { userId: user.id });
}

/** Does nothing where the user is not assigned. */
export async function unassignUser(stores: Stores, who: Actor, repo: Repo, user: User): Promise<void> {
  if (!(await stores.repos.unassign(repo.tenantId, repo.id, user.id))) return;
  await audit(stores, who, 'repo.unassign', `repo:${repo.id}`, { userId: user.id });
}

/** Says what is the matter in good words; the database refuses the same, without a gap in between. */
async function checkUsable(stores: Stores, tenantId: string, environmentId: string): Promise<void> {
  const { name, state } = await findEnvironment(stores, tenantId, environmentId);
  if (ATTACHABLE.includes(state)) return;
  const detail = `The compute environment "${name}" is ${state}; a repo can stand on one that is ${ATTACHABLE.join(' or ')}.`;
  throw new SluiceError('ENVIRONMENT_NOT_READY', detail);
}
