import { createHmac, timingSafeEqual } from 'node:crypto';
import { Router } from 'express';
import type { Request } from 'express';
import type { Clock } from '../kernel/clock.ts';
import { faulty } from './faults.ts';
import type { Faults } from './faults.ts';
import { markup, sendPage } from './page.ts';
import type { Html } from './page.ts';

/** The secret with which the sandbox checks webhooks it receives. */
export const WEBHOOK_SECRET = `whsec_${Buffer.from('sandbox-webhook-secret-32-bytes!').toString('base64')}`;

export interface Received {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether the Standard Webhooks signature fits the sandbox's secret; undefined where there is none. */
  readonly signature: 'good' | 'bad' | undefined;
}

const KEPT = 200;

export interface Echo {
  /** Takes any request at any path and remembers it. */
  readonly router: Router;
  /** The page that shows what came in. */
  readonly pages: Router;
  all(): readonly Received[];
  clear(): void;
}

export function makeEcho(clock: Clock, faults: Faults): Echo {
  let received: Received[] = [];
  const router = Router();
  router.use(
    faulty(
      faults,
      () => ({ vendor: 'webhook' }),
      (res, { status = 503 }) =>
        void res.status(status).json({ error: 'The sandbox was asked for this answer.' }),
    ),
  );
  router.use((req, res) => {
    received = [...received, record(req, clock.now())].slice(-KEPT);
    res.json({ received: true });
  });
  const pages = Router();
  pages.get('/_sandbox/requests', (_req, res) =>
    sendPage(res, { title: 'Webhooks', refresh: 2, body: requestsBody(received) }),
  );
  return { router, pages, all: () => received, clear: () => void (received = []) };
}

function record(req: Request, at: number): Received {
  const headers = Object.fromEntries(
    Object.entries(req.headers).map(([name, value]) => [name, String(value)]),
  );
  const body = Buffer.isBuffer(req.body) ? req.body.toString('utf8') : '';
  return {
    at,
    method: req.method,
    path: req.originalUrl,
    headers,
    body,
    signature: checkSignature(headers, body),
  };
}

/** Source: https://www.standardwebhooks.com, section "Verifying signatures". */
function checkSignature(headers: Readonly<Record<string, string>>, body: string): Received['signature'] {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  if (id === undefined || timestamp === undefined || signatures === undefined) return undefined;
  const key = Buffer.from(WEBHOOK_SECRET.slice('whsec_'.length), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  const good = signatures.split(' ').some((one) => {
    const given = Buffer.from(one.startsWith('v1,') ? one.slice(3) : '', 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  return good ? 'good' : 'bad';
}

function requestsBody(received: readonly Received[]): Html {
  return markup`<h1>Webhooks received</h1>
    <p class="note">
      Anything sent below <code>/_sandbox/echo/</code> or to <code>https://webhook.sandbox.test</code> through
      SLUICE_ENDPOINTS; the last ${KEPT} are kept.
    </p>
    ${received.length === 0 && markup`<p>None yet.</p>`}
    ${received.toReversed().map(
      (one) =>
        markup`<h2>${one.method} <code>${one.path}</code></h2>
          <p class="note">
            <time>${new Date(one.at).toISOString()}</time
            >${one.signature === 'good' && markup` · <span class="good">signature good</span>`}${one.signature === 'bad' && markup` · <span class="bad">signature does not fit the sandbox's secret</span>`}
          </p>
          <pre>
${Object.entries(one.headers).map(([name, value]) => markup`${name}: ${value}\n`)}
${one.body}</pre>`,
    )}`;
}
