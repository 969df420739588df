import { markup, page, type Html } from './html.ts';
import type { Reply, Route } from './route.ts';

/** The table of routes as a page: no script, nothing from elsewhere. */
export function docsPage(routes: readonly Route[]): Reply {
  const tags = [...new Set(routes.map((route) => route.tag))];
  return page(
    200,
    'Sluice: the API',
    markup`<h1>Sluice: the API</h1>
<p>JSON over HTTP. Send <code>Authorization: Bearer &lt;key&gt;</code>; errors are <code>application/problem+json</code>.
Lists take <code>?limit=&amp;cursor=</code> and give <code>{items, nextCursor}</code>. Every POST that creates takes an
<code>Idempotency-Key</code>. The same as <a href="/openapi.json">OpenAPI 3.1</a>.</p>
${tags.map((tag) =>
  section(
    tag,
    routes.filter((route) => route.tag === tag),
  ),
)}`,
  );
}

function section(tag: string, routes: readonly Route[]): Html {
  return markup`<h2>${tag}</h2>${routes.map(operation)}`;
}

function operation(route: Route): Html {
  const access = { public: 'No key is needed.', root: 'Takes the root key.', tenant: '', either: '' }[
    route.access
  ];
  return markup`<details><summary><code>${route.method} ${route.path}</code> ${route.summary}</summary>
<p class="note">${access}${route.scope === undefined ? '' : ` Takes the scope ${route.scope}.`}</p>
${schema('Query', route.query)}${schema(route.bodyType === 'form' ? 'Form' : 'Body', route.body)}
<table>${Object.entries(route.answers).map(([status, answer]) => markup`<tr><td>${status}</td><td>${answer.description}</td></tr>`)}</table>
${Object.entries(route.answers).map(([status, answer]) => schema(`Answer ${status}`, answer.schema))}</details>`;
}

function schema(title: string, value: unknown): Html {
  return value === undefined
    ? markup``
    : markup`<p class="title">${title}</p><pre>${JSON.stringify(value, null, 1)}</pre>`;
}
