import { Type } from 'typebox';
import { messageOf, SluiceError } from '../../kernel/errors.ts';
import type { Directory } from '../../kernel/stores/stores.ts';
import type { Metrics } from '../metrics.ts';
import { route, type Route } from '../route.ts';

const Status = Type.Object({ status: Type.String() });
const tag = 'Operation';

export interface HealthDeps {
  readonly directory: Pick<Directory, 'ping'>;
  readonly metrics: Metrics;
  readonly closing: AbortSignal;
  readonly ready?: () => Promise<void>;
}

export function healthRoutes({ directory, metrics, closing, ready }: HealthDeps): Route[] {
  return [
    route({
      method: 'GET',
      path: '/healthz',
      tag,
      summary: 'Whether the process lives.',
      access: 'public',
      answers: { 200: { description: 'It does.', schema: Status } },
      handle: async () => ({ status: 200, body: { status: 'ok' } }),
    }),
    route({
      method: 'GET',
      path: '/readyz',
      tag,
      summary: 'Whether requests can be served.',
      access: 'public',
      answers: {
        200: { description: 'They can.', schema: Status },
        503: { description: 'Not at the moment.' },
      },
      async handle() {
        if (closing.aborted)
          throw new SluiceError('UNAVAILABLE', 'The server is shutting down.', { retryAfter: 5 });
        try {
          await directory.ping();
          await ready?.();
        } catch (error) {
          throw new SluiceError('UNAVAILABLE', messageOf(error), { cause: error, retryAfter: 1 });
        }
        return { status: 200, body: { status: 'ready' } };
      },
    }),
    route({
      method: 'GET',
      path: '/metrics',
      tag,
      summary: 'Metrics in the Prometheus text format.',
      access: 'root',
      answers: { 200: { description: 'Metrics.', type: 'text/plain' } },
      handle: async () => ({ status: 200, ...(await metrics.text()) }),
    }),
  ];
}
