import { IncomingMessage, ServerResponse, type ServerOptions } from 'node:http';
import type { Express } from 'express';

/**
 * Classes for a server whose requests and responses are express's from their birth.
 *
 * Express gives each request and response another prototype when it comes in. V8 takes an object whose prototype was
 * changed for one that must be kept: its next collections of young garbage copy every request with all that hangs on it,
 * and stop the process for 8 to 15 ms in place of half a millisecond (docs/benchmarks.md). A prototype that is already
 * the right one is left alone.
 */
export function ownClasses(app: Express): Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'> {
  class AppRequest extends IncomingMessage {}
  class AppResponse<R extends IncomingMessage = IncomingMessage> extends ServerResponse<R> {}
  app.request = Object.setPrototypeOf(AppRequest.prototype, app.request) as Express['request'];
  app.response = Object.setPrototypeOf(AppResponse.prototype, app.response) as Express['response'];
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
}
