import { Type } from 'typebox';
import { changeUser, createUser, deleteUser, findUser } from '../../domains/users/users.ts';
import { ROLES } from '../../kernel/stores/tenancy.ts';
import type { User } from '../../kernel/stores/users.ts';
import { idIn } from '../ids.ts';
import { pageBody, pageRequest } from '../list.ts';
import { route, type Context, type Route } from '../route.ts';
import { closed, Id, listOf, Name, paging, Time } from '../schema.ts';
import { actorOf } from '../who.ts';

const Email = Type.String({ format: 'email', maxLength: 254 });
const Role = Type.Enum([...ROLES]);

export const UserSchema = Type.Object({
  id: Id,
  email: Type.String(),
  name: Type.String(),
  role: Role,
  version: Type.Integer(),
  createdAt: Time,
  updatedAt: Time,
});

const tag = 'Users and repos';
const access = 'tenant';

/** The user that a path names, of the caller's tenant. */
export const ownUser = (context: Context, name = 'id'): Promise<User> => {
  const id = idIn(context, 'user', name);
  return context.work((stores) => findUser(stores, context.tenantId, id));
};

export function userRoutes(): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/users',
      tag,
      summary: 'Add a user. E-mail addresses are unique, whatever the case.',
      access,
      scope: 'users:write',
      body: closed({ email: Email, name: Name, role: Type.Optional(Role) }),
      idempotency: 'kept',
      answers: {
        201: { description: 'The user.', schema: UserSchema },
        409: { description: 'Another user has the e-mail address.' },
      },
      async handle({ work, caller, body }) {
        const user = await work((stores) => createUser(stores, actorOf(caller), body));
        return { status: 201, headers: { Location: `/v1/users/${user.id}` }, body: showUser(user) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/users',
      tag,
      summary: 'List users.',
      access,
      scope: 'users:read',
      query: closed({ ...paging, email: Type.Optional(Type.String()), role: Type.Optional(Role) }),
      answers: { 200: { description: 'Users, newest first.', schema: listOf(UserSchema) } },
      async handle({ work, tenantId, query }) {
        const { email, role } = query;
        const filter = { ...(email !== undefined && { email }), ...(role !== undefined && { role }) };
        const page = await work((stores) => stores.users.list(tenantId, filter, pageRequest(query)));
        return { status: 200, body: pageBody(page, showUser) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/users/{id}',
      tag,
      summary: 'One user.',
      access,
      scope: 'users:read',
      answers: { 200: { description: 'The user.', schema: UserSchema } },
      owner: (context) => ownUser(context),
      handle: async ({ owned }) => ({ status: 200, body: showUser(owned) }),
    }),
    route({
      method: 'PATCH',
      path: '/v1/users/{id}',
      tag,
      summary: 'Change a user.',
      access,
      scope: 'users:write',
      body: closed({ email: Type.Optional(Email), name: Type.Optional(Name), role: Type.Optional(Role) }),
      answers: {
        200: { description: 'The user.', schema: UserSchema },
        409: { description: 'Another user has the e-mail address.' },
      },
      owner: (context) => ownUser(context),
      async handle({ work, caller, owned, body }) {
        const user = await work((stores) => changeUser(stores, actorOf(caller), owned, body));
        return { status: 200, body: showUser(user) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/users/{id}',
      tag,
      summary: 'Delete a user, and take it from its repos.',
      access,
      scope: 'users:write',
      answers: { 204: { description: 'It is gone.' } },
      owner: (context) => ownUser(context),
      async handle({ work, caller, owned }) {
        await work((stores) => deleteUser(stores, actorOf(caller), owned));
        return { status: 204 };
      },
    }),
  ];
}

export function showUser({ id, email, name, role, version, createdAt, updatedAt }: User): object {
  return { id, email, name, role, version, createdAt, updatedAt };
}
