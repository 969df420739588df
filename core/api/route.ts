import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Static, TSchema } from 'typebox';
import type { WebSocket } from 'ws';
import type { Caller, Scope } from '../domains/keys/caller.ts';
import type { IdempotencyClaim } from '../kernel/stores/idempotency.ts';
import type { Stores } from '../kernel/stores/stores.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Who may call: anybody; holders of the root key; a tenant's keys and users; either of the two. */
export type Access = 'public' | 'root' | 'tenant' | 'either';

/** Runs a use-case in one transaction that sees the caller's tenant only (all of them for the root key). */
export type Work = <T>(use: (stores: Stores) => Promise<T>) => Promise<T>;

export interface Context<Query = unknown, Body = unknown, Owned = unknown> {
  readonly requestId: string;
  readonly caller: Caller;
  /** The caller's tenant; empty on public routes and for the root key. */
  readonly tenantId: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  /** What `owner` found. */
  readonly owned: Owned;
  readonly work: Work;
  /** The request's Idempotency-Key; only for routes that keep it themselves. */
  readonly idempotency: IdempotencyClaim | undefined;
  readonly request: IncomingMessage;
}

/** An answer: JSON, a text of another type, or a stream the route writes itself, or what it says over a WebSocket. */
export type Reply = { readonly status: number; readonly headers?: Readonly<Record<string, string>> } & (
  | { readonly body?: unknown }
  | { readonly text: string; readonly type: string }
  | {
      readonly stream: (response: ServerResponse) => Promise<void>;
      readonly type: string;
      readonly socket?: (socket: WebSocket) => Promise<void>;
    }
);

export interface AnswerSpec {
  readonly description: string;
  readonly schema?: TSchema;
  readonly type?: string;
}

/** One row of the table of routes: what is served, described and validated with. */
export interface Route {
  readonly method: Method;
  /** As in OpenAPI: `/v1/runs/{id}:replay`. */
  readonly path: string;
  /** True where the last parameter of the path may hold a colon: no path goes on behind it. */
  readonly colons?: boolean;
  readonly tag: string;
  readonly summary: string;
  readonly access: Access;
  /** What the caller's key must be allowed. */
  readonly scope?: Scope;
  readonly query?: TSchema;
  readonly body?: TSchema;
  /** True where the body may be left out; it is `{}` then. */
  readonly bodyOptional?: boolean;
  /**
   * `form` reads application/x-www-form-urlencoded instead of JSON. `lenient` reads JSON under curl's own default type too,
   * which the clients of databalancer send. `own`: the handler reads the request itself, and `body` only describes it.
   */
  readonly bodyType?: 'json' | 'form' | 'lenient' | 'own';
  /** Further media types that an `own` body may have. */
  readonly mediaTypes?: readonly string[];
  readonly answers: Readonly<Record<number, AnswerSpec>>;
  /** True where a request may ask for an upgrade to a WebSocket. */
  readonly webSocket?: boolean;
  /**
   * What an Idempotency-Key does. `kept`: the answer is recorded in the handler's transaction and replayed; `own`: the
   * handler keeps it with what it writes; absent: the header is not looked at.
   */
  readonly idempotency?: 'kept' | 'own';
  /** True on the way of very many requests: they are answered before express (ahead.ts). The path has no parameters then. */
  readonly ahead?: boolean;
  /** True where the answer holds a secret: it is recorded sealed with the caller's own credential. */
  readonly secretAnswer?: boolean;
  /** Finds what the ids of the path name, before the body is read. Throws NOT_FOUND. */
  readonly owner?: (context: Context) => Promise<unknown>;
  // A method, so that a handler of a narrower context fits: the pipeline validates before it calls.
  handle(context: Context): Promise<Reply>;
}

type Given<Schema> = Schema extends TSchema ? Static<Schema> : Record<string, never>;

type Spec<Query extends TSchema | undefined, Body extends TSchema | undefined, Owned> = Omit<
  Route,
  'query' | 'body' | 'owner' | 'handle'
> & {
  readonly query?: Query;
  readonly body?: Body;
  readonly owner?: (context: Context) => Promise<Owned>;
  handle(context: Context<Given<Query>, Given<Body>, Owned>): Promise<Reply>;
};

/** Types a handler by its own schemas. */
export function route<
  Query extends TSchema | undefined = undefined,
  Body extends TSchema | undefined = undefined,
  Owned = undefined,
>(spec: Spec<Query, Body, Owned>): Route {
  return spec as Route;
}
