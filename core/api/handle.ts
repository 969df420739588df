import type { IncomingMessage } from 'node:http';
import type { Authenticator } from '../domains/keys/authenticate.ts';
import type { Caller } from '../domains/keys/caller.ts';
import { OPERATOR } from '../kernel/stores/idempotency.ts';
import type { UnitOfWork } from '../kernel/stores/stores.ts';
import { checkAccess, tenantsOf } from './access.ts';
import { decodeText, lenientType, readBody } from './body.ts';
import { claimOf, underKey } from './idempotent.ts';
import { parseJson } from './json-text.ts';
import type { Context, Reply, Route, Work } from './route.ts';
import { bodyCheck, queryCheck } from './validate.ts';

/** What the way of every request needs. */
export interface HandlerDeps {
  readonly authenticator: Pick<Authenticator, 'caller'>;
  readonly work: UnitOfWork;
}

export type Handle = (
  request: IncomingMessage,
  params: Readonly<Record<string, string>>,
  requestId: string,
) => Promise<Reply>;

const NOBODY: Caller = { kind: 'nobody' };

/**
 * The way of a request, the same for all routes: who asks, whether it may, whether the path's things are its own, then query and
 * body, then the handler under the request's idempotency key. Schemas are compiled here, once.
 */
export function handlerOf(route: Route, deps: HandlerDeps): Handle {
  const checkQuery = queryCheck(route.query ?? { type: 'object', additionalProperties: false });
  const readsBody = route.body && route.bodyType !== 'own';
  const checkBody = readsBody && route.body && bodyCheck(route.body);

  return async (request, params, requestId) => {
    const caller =
      route.access === 'public' ? NOBODY : await deps.authenticator.caller(request.headers.authorization);
    checkAccess(route, caller);
    const tenants = tenantsOf(caller);
    const base: Context = {
      requestId,
      caller,
      tenantId: caller.kind === 'tenant' ? caller.tenantId : '',
      params,
      query: {},
      body: {},
      owned: undefined,
      work: (use) => deps.work.within(tenants, use),
      idempotency: undefined,
      request,
    };
    const owned = await route.owner?.(base);
    const query = readQuery(request.url ?? '');
    checkQuery(query);
    const bytes = readsBody ? await readBody(request) : NOTHING;
    const body = readValue(route, bytes, request.headers['content-type']);
    if (checkBody) checkBody(body);

    const claim =
      route.idempotency &&
      route.bodyType !== 'own' &&
      claimOf(request.headers['idempotency-key'], route.method, concretePath(route, params), bytes);
    const withWork = (work: Work): Context => ({ ...context, work });
    const context: Context = {
      ...base,
      owned,
      query,
      body,
      idempotency: route.idempotency === 'own' ? claim || undefined : undefined,
    };
    if (!claim || route.idempotency !== 'kept') return route.handle(context);
    const seal = route.secretAnswer && caller.kind !== 'nobody' ? caller.credential : undefined;
    return deps.work.within(tenants, (stores) =>
      underKey(stores, tenants[0] ?? OPERATOR, claim, seal, () =>
        route.handle(withWork((use) => use(stores))),
      ),
    );
  };
}

const NOTHING = Buffer.alloc(0);

/** A key given more than once is a list in text, as `state=failed,cancelled` is. */
function readQuery(url: string): Record<string, unknown> {
  const at = url.indexOf('?');
  if (at < 0) return {};
  const query = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(url.slice(at + 1))) {
    const before = query.get(key);
    query.set(key, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(query);
}

function readValue(route: Route, bytes: Buffer, contentType: string | undefined): unknown {
  if (!route.body || route.bodyType === 'own' || (bytes.length === 0 && route.bodyOptional)) return {};
  if (route.bodyType === 'lenient') return parseJson(decodeText(bytes, lenientType(contentType), 'json'));
  if (route.bodyType !== 'form') return parseJson(decodeText(bytes, contentType, 'json'));
  const form = new URLSearchParams(decodeText(bytes, contentType, 'form'));
  return Object.fromEntries([...new Set(form.keys())].map((key) => [key, form.getAll(key)]));
}

function concretePath(route: Route, params: Readonly<Record<string, string>>): string {
  return route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '');
}
