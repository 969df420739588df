import type { IncomingMessage } from 'node:http';
import { Type } from 'typebox';
import { findHook } from '../../domains/datasets/hooks.ts';
import { receive } from '../../domains/datasets/loading/webhook/receive.ts';
import type { Datasets } from '../../domains/datasets/open.ts';
import type { ConnectionStore } from '../../kernel/ports.ts';
import { readBody } from '../body.ts';
import { route, type Route } from '../route.ts';
import { AnyObject } from '../schema.ts';

/** It may be part of what is signed. */
const AnyQuery = Type.Unsafe<Readonly<Record<string, string>>>({ type: 'object', additionalProperties: { type: 'string' } });

export interface HookRouteDeps {
  readonly datasets: Datasets;
  readonly live: Pick<ConnectionStore, 'load'>;
  readonly baseUrl: () => string;
}

export function hookRoutes({ datasets, live, baseUrl }: HookRouteDeps): Route[] {
  return [
    route({
      method: 'POST',
      path: '/hooks/{connectionId}/{trigger}',
      tag: 'Datasets',
      summary: 'A message for a source of a dataset. No key is needed: it is signed, as the definition says.',
      access: 'public',
      query: AnyQuery,
      body: AnyObject,
      bodyType: 'own',
      answers: {
        202: {
          description: 'It is stored.',
          schema: Type.Object({
            accepted: Type.Literal(true),
            duplicate: Type.Boolean({ description: 'It was accepted before.' }),
            quarantined: Type.Boolean({ description: 'It does not fit the columns of its source.' }),
          }),
        },
        401: { description: 'Its signature is missing, too old, or does not fit.' },
      },
      owner: ({ params }) =>
        findHook({ directory: datasets.directory, live }, params['connectionId'] ?? '', params['trigger'] ?? ''),
      async handle({ request, owned, query }) {
        const url = `${baseUrl()}${request.url ?? ''}`;
        const delivery = { url, query, headers: headersOf(request), rawBody: await readBody(request) };
        return { status: 202, body: await receive(datasets, owned, delivery) };
      },
    }),
  ];
}

/** Names are in lower case already; what was sent more than once is a list in text. */
function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, [value].flat().join(', ')]])),
  );
}
