import { Type } from 'typebox';
import { changeForm, createForm, deleteForm, findForm } from '../../domains/forms/forms.ts';
import { QUESTION_TYPES, type Form } from '../../kernel/stores/forms.ts';
import { idIn } from '../ids.ts';
import { pageBody, pageRequest } from '../list.ts';
import { route, type Context, type Route } from '../route.ts';
import { closed, Id, listOf, paging, Time } from '../schema.ts';
import { actorOf } from '../who.ts';

const Question = closed({
  key: Type.String({
    pattern: '^(?!__proto__$)[A-Za-z_][A-Za-z0-9_-]{0,63}$',
    description: 'What templates and answers call it: letters, digits, _ and -.',
  }),
  title: Type.Optional(Type.String({ minLength: 1, maxLength: 1000, description: 'Default: the key.' })),
  type: Type.Enum([...QUESTION_TYPES]),
  required: Type.Optional(Type.Boolean({ description: 'Default: false.' })),
  options: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 1000 }), { maxItems: 1000 })),
});
const Questions = Type.Array(Question, { minItems: 1, maxItems: 500 });
const Title = Type.String({ minLength: 1, maxLength: 1000 });

const FormSchema = Type.Object({
  id: Id,
  title: Type.String(),
  questions: Type.Array(Question),
  published: Type.Boolean({ description: 'A published form has a page at /f/{id}.' }),
  version: Type.Integer(),
  createdAt: Time,
  updatedAt: Time,
});

const tag = 'Forms';
const access = 'tenant';

/** The form that a path names, of the caller's tenant. */
export const ownForm = (context: Context): Promise<Form> =>
  context.work((stores) => findForm(stores, context.tenantId, idIn(context, 'form')));

export function formRoutes(): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/forms',
      tag,
      summary: 'Make a form.',
      access,
      scope: 'forms:write',
      body: closed({ title: Title, questions: Questions, published: Type.Optional(Type.Boolean()) }),
      idempotency: 'kept',
      answers: { 201: { description: 'The form.', schema: FormSchema } },
      async handle({ work, caller, body }) {
        const form = await work((stores) => createForm(stores, actorOf(caller), body));
        return { status: 201, headers: { Location: `/v1/forms/${form.id}` }, body: show(form) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/forms',
      tag,
      summary: 'List forms.',
      access,
      scope: 'forms:read',
      query: closed(paging),
      answers: { 200: { description: 'Forms, newest first.', schema: listOf(FormSchema) } },
      async handle({ work, tenantId, query }) {
        const page = await work((stores) => stores.forms.list(tenantId, pageRequest(query)));
        return { status: 200, body: pageBody(page, show) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/forms/{id}',
      tag,
      summary: 'One form.',
      access,
      scope: 'forms:read',
      answers: { 200: { description: 'The form.', schema: FormSchema } },
      owner: ownForm,
      handle: async ({ owned }) => ({ status: 200, body: show(owned) }),
    }),
    route({
      method: 'PATCH',
      path: '/v1/forms/{id}',
      tag,
      summary: 'Change a form. What would break an attached action is refused.',
      access,
      scope: 'forms:write',
      body: closed({
        title: Type.Optional(Title),
        questions: Type.Optional(Questions),
        published: Type.Optional(Type.Boolean()),
      }),
      answers: {
        200: { description: 'The form.', schema: FormSchema },
        409: { description: 'An action would break.' },
      },
      owner: ownForm,
      async handle({ work, caller, owned, body }) {
        const form = await work((stores) => changeForm(stores, actorOf(caller), owned.id, body));
        return { status: 200, body: show(form) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/forms/{id}',
      tag,
      summary: 'Delete a form with its responses and actions.',
      access,
      scope: 'forms:write',
      answers: { 204: { description: 'It is gone.' } },
      owner: ownForm,
      async handle({ work, owned }) {
        await work((stores) => deleteForm(stores, owned));
        return { status: 204 };
      },
    }),
  ];
}

function show({ id, title, questions, published, version, createdAt, updatedAt }: Form): object {
  return { id, title, questions, published, version, createdAt, updatedAt };
}
