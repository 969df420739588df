import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { VirtualClock } from '../../core/kernel/clock.ts';
import { startSandbox } from '../../core/sandbox/index.ts';
import type { Fault, Sandbox } from '../../core/sandbox/index.ts';
import { assertionFor } from './google-tokens.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; throws where it is none. */
  json(): never;
}

export interface Sent {
  readonly method?: string;
  /** The vendor's host, kept in the Host header as the platform's client keeps it. */
  readonly host?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Fixture {
  readonly clock: VirtualClock;
  readonly sandbox: () => Sandbox;
  readonly send: (sent: Sent) => Promise<Reply>;
}

/** A sandbox on a free port, with a clock that stands still, closed after the suite. */
export function useSandbox(faults: readonly Fault[] = []): Fixture {
  const clock = new VirtualClock(Date.UTC(2026, 0, 15, 12));
  let started: Sandbox | undefined;
  before(async () => {
    started = await startSandbox({ port: 0, clock, faults });
  });
  after(() => started?.close());
  beforeEach(() => fetch(`${started?.url}/_sandbox/reset`, { method: 'POST' }));
  const sandbox = () => started ?? fail();
  return { clock, sandbox, send: (sent) => send(sandbox(), sent) };
}

function fail(): never {
  throw new Error('The sandbox has not started.');
}

/** One exchange with node's own client: fetch would not let the Host header through. */
export function send(sandbox: Sandbox, sent: Sent): Promise<Reply> {
  const url = new URL(sandbox.url);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: url.hostname,
        port: url.port,
        method: sent.method ?? 'GET',
        path: sent.path,
        agent: false,
        headers: { ...(sent.host !== undefined && { host: sent.host }), ...sent.headers },
      },
      (response) => void read(response).then(resolve, reject),
    );
    outgoing.on('error', reject);
    outgoing.end(sent.body);
  });
}

async function read(response: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    json: () => JSON.parse(text) as never,
  };
}

/** A service account's access token, got as a program gets it. */
export async function sheetsToken(
  sandbox: Sandbox,
  clock: VirtualClock,
  scope = 'https://www.googleapis.com/auth/spreadsheets',
): Promise<string> {
  const reply = await send(sandbox, {
    method: 'POST',
    host: 'oauth2.googleapis.com',
    path: '/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: await assertionFor(sandbox.credentials.google.serviceAccount, clock, { scope }),
    }).toString(),
  });
  const { access_token: token } = reply.json() as { access_token: string };
  return token;
}
