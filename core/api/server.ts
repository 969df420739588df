import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { Authenticator } from '../domains/keys/authenticate.ts';
import { SluiceError } from '../kernel/errors.ts';
import { uuid7 } from '../kernel/ids.ts';
import type { ApiDeps } from './deps.ts';
import { describeError } from './describe-error.ts';
import { handlerOf, type HandlerDeps } from './handle.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { pathPattern } from './path.ts';
import { sendProblem, toSluiceError } from './problem.ts';
import type { Route } from './route.ts';
import { sendReply } from './send.ts';
import { routesOf } from './table.ts';

/** How long requests may take to end once the server closes, in milliseconds. */
const CLOSING_MS = 10_000;

export interface ApiServer {
  /** Port 0 takes a free one. */
  listen(port: number, host: string): Promise<{ readonly url: string; readonly port: number }>;
  /** Takes no more, lets what is under way end (streams are ended), and is done within ten seconds. */
  close(): Promise<void>;
}

/** The HTTP API. Nothing listens yet. */
export function createServer(deps: ApiDeps): ApiServer {
  const closing = new AbortController();
  let address = '';
  const metrics = createMetrics();
  const authenticator = new Authenticator(deps);
  const routes = routesOf({
    ...deps,
    metrics,
    closing: closing.signal,
    baseUrl: () => deps.publicUrl?.replace(/\/$/, '') ?? address,
  });
  const app = createApp(
    routes,
    { authenticator, work: deps.work },
    { logger: deps.logger, metrics, closing: closing.signal },
  );
  const server = createHttpServer(
    { maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000 },
    app,
  );
  return {
    async listen(port, host) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          resolve();
        });
      });
      const bound = (server.address() as AddressInfo).port;
      address = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
      return { url: address, port: bound };
    },
    close: () => close(server, closing),
  };
}

async function close(server: Server, closing: AbortController): Promise<void> {
  if (closing.signal.aborted || !server.listening) return;
  closing.abort();
  // Connections fall idle one by one, as their requests end.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const limit = setTimeout(() => server.closeAllConnections(), CLOSING_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  clearInterval(sweep);
  clearTimeout(limit);
}

interface AppDeps {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly closing: AbortSignal;
}

function createApp(routes: readonly Route[], handling: HandlerDeps, deps: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.use(
    helmet({
      contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
      strictTransportSecurity: false,
    }),
  );
  app.use((_request: Request, response: Response, next: NextFunction) => {
    response.locals['requestId'] = uuid7();
    response.setHeader('X-Request-Id', String(response.locals['requestId']));
    if (deps.closing.aborted) response.setHeader('Connection', 'close');
    next();
  });
  for (const path of new Set(routes.map((route) => route.path))) {
    mount(
      app,
      routes.filter((route) => route.path === path),
      handling,
      deps,
    );
  }
  app.use((request: Request, response: Response) => {
    const detail = `There is nothing at ${request.path}; /docs shows what there is.`;
    sendProblem(response, new SluiceError('NOT_FOUND', detail), requestIdOf(response));
  });
  // Express knows an error handler by its four parameters.
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    fail(response, error, deps.logger);
  });
  return app;
}

/** All methods of one path, and 405 for the others. */
function mount(
  app: Express,
  routes: readonly Route[],
  handling: HandlerDeps,
  { logger, metrics }: AppDeps,
): void {
  const mounted = app.route(pathPattern(routes[0]!.path));
  for (const route of routes) {
    const handle = handlerOf(route, handling);
    const method = route.method.toLowerCase() as Lowercase<Route['method']>;
    mounted[method](async (request: Request, response: Response) => {
      const done = metrics.begin(route.method, route.path);
      response.once('close', () => done(response.statusCode));
      try {
        const reply = await handle(request, request.params as Record<string, string>, requestIdOf(response));
        if (!response.destroyed) await sendReply(response, reply);
      } catch (error) {
        fail(response, error, logger);
      }
    });
  }
  const allowed = routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  mounted.all((request: Request, response: Response) => {
    response.setHeader('Allow', allowed);
    const error = new SluiceError(
      'METHOD_NOT_ALLOWED',
      `${request.method} is not served at this path; ${allowed} are.`,
    );
    sendProblem(response, error, requestIdOf(response));
  });
}

function requestIdOf(response: Response): string {
  return String(response.locals['requestId']);
}

function fail(response: Response, thrown: unknown, logger: Logger): void {
  const error = toSluiceError(thrown);
  const requestId = requestIdOf(response);
  if (error.status >= 500) {
    logger.error({ requestId, code: error.code, error: describeError(thrown) }, 'A request failed.');
  }
  // An answer that has begun can only be cut.
  if (response.headersSent) response.destroy();
  else if (!response.destroyed) sendProblem(response, error, requestId);
}
