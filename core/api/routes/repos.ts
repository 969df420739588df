import { Type } from 'typebox';
import { assignUser, changeRepo, createRepo, deleteRepo, findRepo, unassignUser } from '../../domains/repos/repos.ts';
import type { Repo } from '../../kernel/stores/repos.ts';
import { idIn } from '../ids.ts';
import { pageBody, pageRequest } from '../list.ts';
import { route, type Context, type Route } from '../route.ts';
import { closed, Id, listOf, Name, paging, Time } from '../schema.ts';
import { actorOf } from '../who.ts';
import { ownUser, showUser, UserSchema } from './users.ts';

const RepoSchema = Type.Object({
  id: Id,
  name: Type.String(),
  computeEnvironmentId: Id,
  version: Type.Integer(),
  createdAt: Time,
  updatedAt: Time,
});

const tag = 'Users and repos';
const access = 'tenant';

const ownRepo = (context: Context): Promise<Repo> => {
  const id = idIn(context, 'repo');
  return context.work((stores) => findRepo(stores, context.tenantId, id));
};

/** The repo and the user that a path names. */
const ownPair = async (context: Context) => ({ repo: await ownRepo(context), user: await ownUser(context, 'userId') });

export function repoRoutes(): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/repos',
      tag,
      summary: 'Make a repo on a compute environment that is ACTIVE or DEGRADED.',
      access,
      scope: 'repos:write',
      body: closed({ name: Name, computeEnvironmentId: Id }),
      idempotency: 'kept',
      answers: {
        201: { description: 'The repo.', schema: RepoSchema },
        409: { description: 'The environment is not ready, or another repo has the name.' },
      },
      async handle({ work, caller, body }) {
        const repo = await work((stores) => createRepo(stores, actorOf(caller), body));
        return { status: 201, headers: { Location: `/v1/repos/${repo.id}` }, body: show(repo) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/repos',
      tag,
      summary: 'List repos: all, those on an environment, or those of a user.',
      access,
      scope: 'repos:read',
      query: closed({ ...paging, computeEnvironmentId: Type.Optional(Id), userId: Type.Optional(Id) }),
      answers: { 200: { description: 'Repos, newest first.', schema: listOf(RepoSchema) } },
      async handle({ work, tenantId, query }) {
        const { computeEnvironmentId, userId } = query;
        const filter = {
          ...(computeEnvironmentId !== undefined && { computeEnvironmentId }),
          ...(userId !== undefined && { userId }),
        };
        const page = await work((stores) => stores.repos.list(tenantId, filter, pageRequest(query)));
        return { status: 200, body: pageBody(page, show) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/repos/{id}',
      tag,
      summary: 'One repo.',
      access,
      scope: 'repos:read',
      answers: { 200: { description: 'The repo.', schema: RepoSchema } },
      owner: ownRepo,
      handle: async ({ owned }) => ({ status: 200, body: show(owned) }),
    }),
    route({
      method: 'PATCH',
      path: '/v1/repos/{id}',
      tag,
      summary: 'Rename a repo, or move it to another compute environment.',
      access,
      scope: 'repos:write',
      body: closed({ name: Type.Optional(Name), computeEnvironmentId: Type.Optional(Id) }),
      answers: {
        200: { description: 'The repo.', schema: RepoSchema },
        409: { description: 'The environment is not ready, or another repo has the name.' },
      },
      owner: ownRepo,
      async handle({ work, caller, owned, body }) {
        const repo = await work((stores) => changeRepo(stores, actorOf(caller), owned, body));
        return { status: 200, body: show(repo) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/repos/{id}',
      tag,
      summary: 'Delete a repo.',
      access,
      scope: 'repos:write',
      answers: { 204: { description: 'It is gone.' } },
      owner: ownRepo,
      async handle({ work, caller, owned }) {
        await work((stores) => deleteRepo(stores, actorOf(caller), owned));
        return { status: 204 };
      },
    }),
    route({
      method: 'PUT',
      path: '/v1/repos/{id}/users/{userId}',
      tag,
      summary: 'Assign a user to a repo.',
      access,
      scope: 'repos:write',
      answers: { 204: { description: 'The user is assigned, perhaps already was.' } },
      owner: ownPair,
      async handle({ work, caller, owned: { repo, user } }) {
        await work((stores) => assignUser(stores, actorOf(caller), repo, user));
        return { status: 204 };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/repos/{id}/users/{userId}',
      tag,
      summary: 'Take a user from a repo.',
      access,
      scope: 'repos:write',
      answers: { 204: { description: 'The user is not assigned, perhaps never was.' } },
      owner: ownPair,
      async handle({ work, caller, owned: { repo, user } }) {
        await work((stores) => unassignUser(stores, actorOf(caller), repo, user));
        return { status: 204 };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/repos/{id}/users',
      tag,
      summary: 'List the users of a repo.',
      access,
      scope: 'users:read',
      query: closed(paging),
      answers: { 200: { description: 'Users, newest first.', schema: listOf(UserSchema) } },
      owner: ownRepo,
      async handle({ work, tenantId, owned, query }) {
        const page = await work((stores) => stores.users.list(tenantId, { repoId: owned.id }, pageRequest(query)));
        return { status: 200, body: pageBody(page, showUser) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/users/{id}/repos',
      tag,
      summary: 'List the repos of a user.',
      access,
      scope: 'repos:read',
      query: closed(paging),
      answers: { 200: { description: 'Repos, newest first.', schema: listOf(RepoSchema) } },
      owner: (context) => ownUser(context),
      async handle({ work, tenantId, owned, query }) {
        const page = await work((stores) => stores.repos.list(tenantId, { userId: owned.id }, pageRequest(query)));
        return { status: 200, body: pageBody(page, show) };
      },
    }),
  ];
}

function show({ id, name, computeEnvironmentId, version, createdAt, updatedAt }: Repo): object {
  return { id, name, computeEnvironmentId, version, createdAt, updatedAt };
}
