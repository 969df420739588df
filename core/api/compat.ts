import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Caller } from '../domains/keys/caller.ts';
import { SchemaFault } from '../domains/logs/schema-fault.ts';
import { NotAQuery } from '../domains/logs/sql/fault.ts';
import type { SluiceError } from '../kernel/errors.ts';
import { handlerOf, type Handle, type HandlerDeps } from './handle.ts';
import { isNdjson } from './log-body.ts';
import { sendProblem, setErrorHeaders, type SendError } from './problem.ts';
import type { Route } from './route.ts';

/** How a route is served: what handles its requests, and what writes its errors. */
export interface Service {
  readonly handle: Handle;
  readonly sendError: SendError;
}

export type Serve = (route: Route, deps: HandlerDeps) => Service;

/** As the API is documented. */
export const serve: Serve = (route, deps) => ({ handle: handlerOf(route, deps), sendError: sendProblem });

/** What databalancer did at each of its paths, as its errors name it. */
const DOING: Readonly<Record<string, string>> = {
  '/api/log': 'ingesting logs',
  '/api/query': 'querying logs',
  '/api/describe': 'describing logs',
};

/**
 * As databalancer served its three paths, for its clients: no key is needed on the machine itself, no Content-Type is looked
 * at, and errors are status 500 with a sentence of plain text. Everything else is as documented, NDJSON and errors of keys
 * among it: databalancer had neither.
 * @param tenantId whose requests without a key are
 */
export function serveAsDatabalancer(tenantId: string): Serve {
  const guest: Caller = {
    kind: 'tenant',
    tenantId,
    actor: 'keyless',
    role: 'member',
    scopes: new Set(['logs:read', 'logs:write']),
    credential: '',
  };
  return (route, deps) => {
    const doing = DOING[route.path];
    if (doing === undefined) return serve(route, deps);
    const keyed = handlerOf(route, deps);
    const keyless = handlerOf(route, { ...deps, authenticator: { caller: () => guest } });
    return {
      handle(request, params, requestId) {
        if (!isNdjson(request.headers['content-type'])) delete request.headers['content-type'];
        return (isKeyless(request) ? keyless : keyed)(request, params, requestId);
      },
      sendError(response, error, requestId) {
        if (error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN')
          sendProblem(response, error, requestId);
        else sendText(response, error, textOf(error, doing));
      },
    };
  };
}

/** databalancer's words for an error, spelled as it did. */
function textOf(error: SluiceError, doing: string): string {
  const { cause } = error;
  if (error.code === 'INVALID_JSON') return `An error occured parsing JSON: ${error.message}`;
  if (cause instanceof NotAQuery)
    return `An error occured ${doing}: service can only be used to query records`;
  if (cause instanceof SchemaFault) return `An error occured ${doing}: ${schemaText(cause)}`;
  return `An error occured ${doing}: ${error.message}`;
}

function schemaText({ family, field, type }: SchemaFault): string {
  return type === undefined
    ? `Data type for the field ${field} was not specified in the ${family} schema map`
    : `Unsupported data type in ${family} log for the field ${field}: ${type}`;
}

function sendText(response: ServerResponse, error: SluiceError, text: string): void {
  setErrorHeaders(response, error);
  response.writeHead(500, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** Marks of a request that somebody sent on, or that a page in a browser makes. */
const NOT_FROM_HERE = ['authorization', 'x-forwarded-for', 'forwarded', 'x-real-ip', 'via', 'origin'];

/**
 * Whether a request needs no key: it comes from this machine, straight from a program. A page in a browser could send one as
 * well, with its Origin; or under a name of its own that it has made to mean this machine, with that as the Host.
 */
function isKeyless({ headers, socket }: IncomingMessage): boolean {
  const peer = socket.remoteAddress;
  if (peer === undefined || ipaddr.process(peer).range() !== 'loopback') return false;
  return NOT_FROM_HERE.every((name) => headers[name] === undefined) && isLocalName(headers.host ?? '');
}

/** An address, or a name without a dot, as no page on the internet has. */
function isLocalName(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return isIP(name) !== 0 || !name.includes('.');
}
