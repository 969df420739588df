import { docsPage } from '../docs-page.ts';
import { openApiOf } from '../openapi.ts';
import { route, type Route } from '../route.ts';

const tag = 'Operation';

/** The description of all other routes, and of themselves. */
export function descriptionRoutes(others: readonly Route[], baseUrl: () => string): Route[] {
  const own: Route[] = [
    route({
      method: 'GET',
      path: '/openapi.json',
      tag,
      summary: 'This API as OpenAPI 3.1.',
      access: 'public',
      answers: { 200: { description: 'The document.', type: 'application/json' } },
      handle: async () => ({ status: 200, body: openApiOf(all, baseUrl()) }),
    }),
    route({
      method: 'GET',
      path: '/docs',
      tag,
      summary: 'This API as a page to read.',
      access: 'public',
      answers: { 200: { description: 'The page.', type: 'text/html' } },
      handle: async () => docsPage(all),
    }),
  ];
  const all = [...others, ...own];
  return own;
}
