import { Type } from 'typebox';
import type { Catalogue, Definition } from '../../domains/definitions/catalogue.ts';
import type { Plan } from '../../language/plan.ts';
import { route, type Context, type Route } from '../route.ts';
import { AnyObject, closed, listOf, paging, Time } from '../schema.ts';

const Finding = Type.Object({
  severity: Type.Enum(['error', 'warning']),
  file: Type.String(),
  line: Type.Integer(),
  column: Type.Integer(),
  path: Type.String(),
  message: Type.String(),
});

const Summary = Type.Object({
  id: Type.String(),
  state: Type.Enum(['ok', 'broken'], { description: 'A broken one has findings, and cannot be used.' }),
  kind: Type.Union([Type.String(), Type.Null()]),
  version: Type.Union([Type.String(), Type.Null()]),
  title: Type.Union([Type.String(), Type.Null()]),
  description: Type.Union([Type.String(), Type.Null()]),
  docs: Type.Union([Type.String(), Type.Null()]),
  hash: Type.Union([Type.String(), Type.Null()]),
  findings: Type.Array(Finding),
});

const Whole = Type.Intersect([
  Summary,
  Type.Object({
    connection: AnyObject,
    secrets: Type.Array(Type.String(), { description: 'Keys of the connection that are never shown.' }),
    auth: Type.Array(Type.String()),
    actions: Type.Record(
      Type.String(),
      Type.Object({ title: Type.Union([Type.String(), Type.Null()]), input: AnyObject }),
    ),
    versions: Type.Array(Type.Object({ version: Type.String(), hash: Type.String(), createdAt: Time })),
  }),
]);

const tag = 'Definitions';
const access = 'tenant';
const scope = 'definitions:read';

export function definitionRoutes({ catalogue }: { readonly catalogue: Catalogue }): Route[] {
  const named = async ({ params }: Context): Promise<Definition> => catalogue.get(params['id'] ?? '');
  return [
    route({
      method: 'GET',
      path: '/v1/definitions',
      tag,
      summary: 'The definitions this server has, by id; broken ones with what is wrong.',
      access,
      scope,
      query: closed({
        ...paging,
        kind: Type.Optional(Type.Enum(['integration', 'provisioner', 'sink', 'dataset'])),
      }),
      answers: { 200: { description: 'Definitions.', schema: listOf(Summary) } },
      // There are as many as there are files: one page.
      async handle({ query }) {
        const all = catalogue
          .all()
          .filter(({ plan }) => query.kind === undefined || plan?.kind === query.kind);
        const items = all.map(summary).sort((a, b) => (a.id < b.id ? -1 : 1));
        return { status: 200, body: { items, nextCursor: null } };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/definitions/{id}',
      tag,
      summary: 'One definition: what a connection takes, its actions and their input, its versions.',
      access,
      scope,
      answers: { 200: { description: 'The definition.', schema: Whole } },
      owner: named,
      async handle({ work, owned }) {
        const versions = await work((stores) => stores.definitions.versions(owned.id));
        return { status: 200, body: { ...summary(owned), ...details(owned.plan), versions } };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/definitions/{id}:lint',
      tag,
      summary: 'What lint finds in the definition, or in a text that would replace it.',
      access,
      scope,
      body: closed({
        source: Type.Optional(Type.String({ description: 'YAML; left out, the text in use.' })),
      }),
      bodyOptional: true,
      answers: {
        200: {
          description: 'Findings, in the order of the file.',
          schema: Type.Object({ findings: Type.Array(Finding) }),
        },
      },
      owner: named,
      handle: async ({ owned, body }) => ({
        status: 200,
        body: { findings: catalogue.lint(owned, body.source) },
      }),
    }),
  ];
}

function summary({ id, plan, findings }: Definition) {
  return {
    id,
    state: plan ? 'ok' : 'broken',
    kind: plan?.kind ?? null,
    version: plan?.version ?? null,
    title: plan?.title ?? null,
    description: plan?.description ?? null,
    docs: plan?.docs ?? null,
    hash: plan?.hash ?? null,
    findings,
  };
}

function details(plan: Plan | undefined): object {
  const actions = [...(plan?.pipelines ?? [])].flatMap(([name, pipeline]) =>
    name.startsWith('actions/')
      ? [
          [
            name.slice('actions/'.length),
            { title: pipeline.title ?? null, input: pipeline.input.json },
          ] as const,
        ]
      : [],
  );
  return {
    connection: plan?.connection.json ?? {},
    secrets: (plan?.secrets.connection ?? []).map((pointer) => pointer.slice(1)),
    auth: [...new Set(plan?.auth.map(({ scheme }) => scheme))],
    actions: Object.fromEntries(actions),
  };
}
