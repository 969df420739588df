import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { uuid7 } from '../kernel/ids.ts';
import type { Answer } from './answer.ts';
import type { Route } from './route.ts';

export interface AheadDeps {
  readonly answerOf: (route: Route) => Answer;
  /** Sets the headers that every answer of the other way has. */
  readonly setHeaders: (request: IncomingMessage, response: ServerResponse, requestId: string) => void;
  /** Headers of a good answer: of those, the ones that say something of `{}`. */
  readonly headers: (requestId: string) => Readonly<Record<string, string>>;
  /** Where all other requests go, and these too where their path is written in another way. */
  readonly others: RequestListener;
}

const NO_PARAMS = {};

/**
 * Answers routes that are marked `ahead` before express and its middleware, which take longer than such a request itself. The
 * route is the same one: who may call, what is refused and how it is written is decided in the same place.
 */
export function listenAhead(routes: readonly Route[], deps: AheadDeps): RequestListener {
  const answers = new Map<string, Answer>();
  for (const route of routes) if (route.ahead) answers.set(`${route.method} ${route.path}`, deps.answerOf(route));
  return (request, response) => {
    const answer = answers.get(`${request.method} ${pathOf(request.url!)}`);
    if (!answer) return deps.others(request, response);
    const requestId = uuid7();
    const headers = deps.headers(requestId);
    const beforeRefusal = (): void => deps.setHeaders(request, response, requestId);
    void answer({ request, response, params: NO_PARAMS, requestId, headers, beforeRefusal });
  };
}

function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}
