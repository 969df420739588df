import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Serve } from './compat.ts';
import { describeError } from './describe-error.ts';
import type { HandlerDeps } from './handle.ts';
import type { Metrics } from './metrics.ts';
import { toSluiceError, type SendError } from './problem.ts';
import type { Route } from './route.ts';
import { sendReply } from './send.ts';

/** A request that has found its route. */
export interface Incoming {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly params: Readonly<Record<string, string>>;
  readonly requestId: string;
  /** Headers of a good answer that the response does not have yet. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sets the headers of a refusal, where the response does not have them yet. */
  readonly beforeRefusal?: () => void;
}

export type Answer = (incoming: Incoming) => Promise<void>;

export interface AnswerDeps {
  readonly handling: HandlerDeps;
  readonly serve: Serve;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** How requests of a route are counted, handled and answered, whichever way they came to it. Never rejects. */
export function answerOf(route: Route, { handling, serve, logger, metrics }: AnswerDeps): Answer {
  const { handle, sendError } = serve(route, handling);
  return async ({ request, response, params, requestId, headers, beforeRefusal }) => {
    const done = metrics.begin(route.method, route.path);
    response.once('close', () => done(response.statusCode));
    try {
      const reply = await handle(request, params, requestId);
      if (!response.destroyed) await sendReply(response, reply, headers);
    } catch (error) {
      if (!response.headersSent) beforeRefusal?.();
      fail(response, requestId, error, logger, sendError);
    }
  };
}

/** Answers with an error, and logs it where it is ours. */
export function fail(
  response: ServerResponse,
  requestId: string,
  thrown: unknown,
  logger: Logger,
  sendError: SendError,
): void {
  const error = toSluiceError(thrown);
  if (error.status >= 500) {
    logger.error({ requestId, code: error.code, error: describeError(thrown) }, 'A request failed.');
  }
  // An answer that has begun can only be cut.
  if (response.headersSent) response.destroy();
  else if (!response.destroyed) sendError(response, error, requestId);
}
