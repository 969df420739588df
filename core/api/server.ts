import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { Authenticator } from '../domains/keys/authenticate.ts';
import { SluiceError } from '../kernel/errors.ts';
import { uuid7 } from '../kernel/ids.ts';
import { listenAhead } from './ahead.ts';
import { answerOf, fail, type AnswerDeps } from './answer.ts';
import { serve, serveAsDatabalancer } from './compat.ts';
import type { ApiDeps } from './deps.ts';
import { createMetrics } from './metrics.ts';
import { ownClasses } from './own-classes.ts';
import { pathPattern } from './path.ts';
import { sendProblem } from './problem.ts';
import type { Route } from './route.ts';
import { watchSilentConnections } from './silent-connections.ts';
import { routesOf } from './table.ts';
import { serveUpgrades } from './upgrade.ts';

/** How long requests may take to end once the server closes, in milliseconds. */
const CLOSING_MS = 10_000;

const REQUEST_ID = 'X-Request-Id';

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
  const { logger, work } = deps;
  const answering: AnswerDeps = {
    handling: { authenticator, work },
    serve: deps.databalancer ? serveAsDatabalancer(deps.databalancer.tenantId) : serve,
    logger,
    metrics,
  };
  const setHeaders = headerSetter(closing.signal);
  const app = createApp(routes, answering, setHeaders);
  const server = createHttpServer(
    { maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000, ...ownClasses(app) },
    listenAhead(routes, {
      answerOf: (route) => answerOf(route, answering),
      setHeaders,
      headers: (requestId) => ({
        [REQUEST_ID]: requestId,
        ...(closing.signal.aborted && { Connection: 'close' }),
      }),
      others: app,
    }),
  );
  const closeSilent = watchSilentConnections(server);
  serveUpgrades(server, routes, { authenticator, work, logger, metrics, closing: closing.signal });
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
    close: () => close(server, closing, closeSilent),
  };
}

async function close(server: Server, closing: AbortController, closeSilent: () => void): Promise<void> {
  if (closing.signal.aborted || !server.listening) return;
  closing.abort();
  // Connections fall idle one by one, as their requests end.
  const sweep = setInterval(() => {
    server.closeIdleConnections();
    closeSilent();
  }, 50);
  const limit = setTimeout(() => server.closeAllConnections(), CLOSING_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  clearInterval(sweep);
  clearTimeout(limit);
}

type SetHeaders = (request: IncomingMessage, response: ServerResponse, requestId: string) => void;

/** The headers of every answer, except good ones that are made ahead of express. */
function headerSetter(closing: AbortSignal): SetHeaders {
  const secure = helmet({
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
    strictTransportSecurity: false,
  });
  return (request, response, requestId) => {
    secure(request, response, (error?: unknown) => {
      if (error) throw error;
    });
    response.setHeader(REQUEST_ID, requestId);
    if (closing.aborted) response.setHeader('Connection', 'close');
  };
}

function createApp(routes: readonly Route[], answering: AnswerDeps, setHeaders: SetHeaders): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.use((request: Request, response: Response, next: NextFunction) => {
    const requestId = uuid7();
    response.locals['requestId'] = requestId;
    setHeaders(request, response, requestId);
    next();
  });
  for (const path of new Set(routes.map((route) => route.path))) {
    mount(
      app,
      routes.filter((route) => route.path === path),
      answering,
    );
  }
  app.use((request: Request, response: Response) => {
    const detail = `There is nothing at ${request.path}; /docs shows what there is.`;
    sendProblem(response, new SluiceError('NOT_FOUND', detail), requestIdOf(response));
  });
  // Express knows an error handler by its four parameters.
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    fail(response, requestIdOf(response), error, answering.logger, sendProblem);
  });
  return app;
}

/** All methods of one path, and 405 for the others. */
function mount(app: Express, routes: readonly Route[], answering: AnswerDeps): void {
  const mounted = app.route(pathPattern(routes[0]!.path, routes[0]!.colons));
  for (const route of routes) {
    const answer = answerOf(route, answering);
    const method = route.method.toLowerCase() as Lowercase<Route['method']>;
    mounted[method]((request: Request, response: Response) => {
      const params = request.params as Record<string, string>;
      return answer({ request, response, params, requestId: requestIdOf(response) });
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
