import { Type } from 'typebox';
import {
  attachAction,
  changeAction,
  detachAction,
  findAction,
  FORM_RESPONSE,
  type ActionDeps,
} from '../../domains/forms/actions.ts';
import { sampleAnswers } from '../../domains/forms/event.ts';
import { findForm } from '../../domains/forms/forms.ts';
import { tryAction } from '../../domains/forms/try-action.ts';
import { planNamed } from '../../domains/connections/config.ts';
import { findTenant } from '../../domains/tenants/tenants.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { Automation, Form } from '../../kernel/stores/forms.ts';
import { idIn } from '../ids.ts';
import { route, type Context, type Route } from '../route.ts';
import { AnyObject, closed, Id, listOf, paging, Time } from '../schema.ts';
import { actorOf } from '../who.ts';
import { ownForm } from './forms.ts';

const Condition = Type.Unsafe<string | JsonObject>({
  anyOf: [{ type: 'string' }, { type: 'object' }],
  description: 'A template; where it is false, a response makes no run.',
});
const ActionSchema = Type.Object({
  id: Id,
  formId: Id,
  definition: Type.String(),
  action: Type.String(),
  connectionId: Type.Union([Id, Type.Null()]),
  input: AnyObject,
  if: Type.Union([Type.String(), AnyObject, Type.Null()]),
  enabled: Type.Boolean(),
  createdAt: Time,
  updatedAt: Time,
});

const tag = 'Forms';
const access = 'tenant';

const ownAction = (context: Context): Promise<{ form: Form; automation: Automation }> => {
  const formId = idIn(context, 'form');
  const actionId = idIn(context, 'action', 'actionId');
  return context.work(async (stores) => {
    const form = await findForm(stores, context.tenantId, formId);
    return { form, automation: await findAction(stores, form, actionId) };
  });
};

export function actionRoutes(deps: ActionDeps): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/forms/{id}/actions',
      tag,
      summary: 'Attach an action: each response to the form sets it off.',
      access,
      scope: 'forms:write',
      body: closed({
        definition: Type.String(),
        action: Type.String(),
        connectionId: Type.Optional(Id),
        input: AnyObject,
        if: Type.Optional(Condition),
        enabled: Type.Optional(Type.Boolean()),
      }),
      idempotency: 'kept',
      answers: { 201: { description: 'The action.', schema: ActionSchema } },
      owner: ownForm,
      async handle({ work, caller, owned, body }) {
        const automation = await work((stores) =>
          attachAction(deps, stores, actorOf(caller), owned.id, body),
        );
        const location = `/v1/forms/${owned.id}/actions/${automation.id}`;
        return { status: 201, headers: { Location: location }, body: show(automation) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/forms/{id}/actions',
      tag,
      summary: "A form's actions, in the order they were attached.",
      access,
      scope: 'forms:read',
      query: closed(paging),
      answers: { 200: { description: 'Actions.', schema: listOf(ActionSchema) } },
      owner: ownForm,
      async handle({ work, tenantId, owned }) {
        const all = await work((stores) => stores.automations.bySource(tenantId, FORM_RESPONSE, owned.id));
        return { status: 200, body: { items: all.map(show), nextCursor: null } };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/forms/{id}/actions/{actionId}',
      tag,
      summary: 'One action.',
      access,
      scope: 'forms:read',
      answers: { 200: { description: 'The action.', schema: ActionSchema } },
      owner: ownAction,
      handle: async ({ owned }) => ({ status: 200, body: show(owned.automation) }),
    }),
    route({
      method: 'PATCH',
      path: '/v1/forms/{id}/actions/{actionId}',
      tag,
      summary: 'Change an action; it is checked as when it was attached.',
      access,
      scope: 'forms:write',
      body: closed({
        action: Type.Optional(Type.String()),
        connectionId: Type.Optional(Type.Union([Id, Type.Null()])),
        input: Type.Optional(AnyObject),
        if: Type.Optional(Type.Union([Condition, Type.Null()])),
        enabled: Type.Optional(Type.Boolean()),
      }),
      answers: { 200: { description: 'The action.', schema: ActionSchema } },
      owner: ownAction,
      async handle({ work, caller, owned, body }) {
        const automation = await work((stores) =>
          changeAction(deps, stores, actorOf(caller), owned.automation, body),
        );
        return { status: 200, body: show(automation) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/forms/{id}/actions/{actionId}',
      tag,
      summary: 'Detach an action. Runs it has made go on.',
      access,
      scope: 'forms:write',
      answers: { 204: { description: 'It is gone.' } },
      owner: ownAction,
      async handle({ work, owned }) {
        await work((stores) => detachAction(stores, owned.automation));
        return { status: 204 };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/forms/{id}/actions/{actionId}:test',
      tag,
      summary: 'What a sample response would send. Nothing is sent.',
      access,
      scope: 'forms:read',
      body: closed({ answers: Type.Optional(AnyObject) }),
      bodyOptional: true,
      answers: {
        200: {
          description: 'The input as rendered, what is wrong with it, and the requests without credentials.',
          schema: Type.Object({
            runs: Type.Boolean({ description: 'False where `if` is false for these answers.' }),
            input: AnyObject,
            violations: Type.Array(Type.Object({ path: Type.String(), message: Type.String() })),
            requests: Type.Array(AnyObject),
          }),
        },
      },
      owner: ownAction,
      async handle({ work, tenantId, owned, body }) {
        const { form, automation } = owned;
        const plan = planNamed(deps.catalogue, automation.definition);
        const answers = body.answers ?? sampleAnswers(form.questions);
        const trial = await work(async (stores) => {
          const { connectionId } = automation;
          const connection =
            connectionId === undefined ? undefined : await stores.connections.find(tenantId, connectionId);
          const tenant = await findTenant(stores, tenantId);
          return tryAction({ form, automation, plan, tenant, connection }, answers);
        });
        return { status: 200, body: trial };
      },
    }),
  ];
}

function show(automation: Automation): object {
  const { id, sourceId, definition, action, connectionId, input, condition, enabled, createdAt, updatedAt } =
    automation;
  return {
    id,
    formId: sourceId,
    definition,
    action,
    connectionId: connectionId ?? null,
    input,
    if: condition ?? null,
    enabled,
    createdAt,
    updatedAt,
  };
}
