import type { TSchema } from 'typebox';
import { parametersOf } from './path.ts';
import type { AnswerSpec, Route } from './route.ts';
import { Problem } from './schema.ts';

/** The table of routes as OpenAPI 3.1, whose schemas are JSON Schema 2020-12: the very ones that requests are validated with. */
export function openApiOf(routes: readonly Route[], serverUrl: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice',
      version: '1',
      description:
        'Integrations from declarative YAML, carried out durably. Errors are problem+json (RFC 9457).',
    },
    servers: [{ url: serverUrl }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key (slk_...), the root key, or a JWT of the configured issuer.',
        },
      },
      schemas: { Problem },
      responses: {
        Problem: {
          description: 'What went wrong.',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  };
}

function operationOf(route: Route): object {
  const mediaType = route.bodyType === 'form' ? 'application/x-www-form-urlencoded' : 'application/json';
  const body = route.body && {
    required: !route.bodyOptional,
    content: {
      [mediaType]: { schema: route.body },
      ...Object.fromEntries((route.mediaTypes ?? []).map((type) => [type, {}])),
    },
  };
  return {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.summary,
    ...(route.scope !== undefined && { description: `Takes the scope \`${route.scope}\`.` }),
    security: route.access === 'public' ? [] : [{ key: [] }],
    parameters: [
      ...parametersOf(route.path).map((name) => ({
        name,
        in: 'path',
        required: true,
        schema: { type: 'string' },
      })),
      ...queryParameters(route.query),
      ...(route.idempotency ? [IDEMPOTENCY_KEY] : []),
    ],
    ...(body && { requestBody: body }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, answer]) => [status, responseOf(status, answer)]),
      ),
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Kept for 24 hours: the same key with the same body gets the first answer again.',
  schema: { type: 'string', maxLength: 255 },
};

function queryParameters(query: TSchema | undefined): object[] {
  const { properties = {}, required = [] } = (query ?? {}) as {
    properties?: Record<string, { description?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(schema.description !== undefined && { description: schema.description }),
    schema,
  }));
}

function responseOf(status: string, { description, schema, type }: AnswerSpec): object {
  if (Number(status) >= 400 && type === undefined) {
    return {
      description,
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
  if (!schema && type === undefined) return { description };
  return { description, content: { [type ?? 'application/json']: { schema: schema ?? {} } } };
}

/** `POST /v1/runs/{id}:replay` is `postRunsByIdReplay`: one name each, since method and path are one's own. */
function operationId({ method, path }: Route): string {
  const words = path
    .replace(/^\/v1/, '')
    .replaceAll(/\{(\w+)\}/g, '/by/$1')
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean);
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}
