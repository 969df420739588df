import type { ClientRequest, IncomingHttpHeaders } from 'node:http';
import got, { type Got, type Request, type Response } from 'got';
import type { Clock } from '../../kernel/clock.ts';
import { formatDuration } from '../../kernel/duration.ts';
import {
  isFailure,
  type Answer,
  type Failure,
  type HttpClient,
  type OutgoingRequest,
  type SendOptions,
} from '../../kernel/http.ts';
import { onAbort } from './abort.ts';
import { createAgents, type Agents, type Resolve, type Stages } from './agents.ts';
import { checkUrl } from './check-url.ts';
import { createEgressPolicy } from './egress.ts';
import { mapUrl, parseEndpoints } from './endpoints.ts';
import { failureOf, wasSent } from './failure.ts';
import { MAX_REDIRECTS, redirected } from './redirect.ts';

export interface HttpClientOptions {
  /** SLUICE_ENDPOINTS: origin to origin. */
  readonly endpoints?: Readonly<Record<string, string>>;
  /** Where every other origin's connections go: for tests that answer all of them. */
  readonly everywhere?: string;
  /** SLUICE_EGRESS_ALLOW: CIDR ranges open to tenants' hosts. */
  readonly egressAllow?: readonly string[];
  readonly clock: Clock;
  /** Resolves names in place of the system. */
  readonly resolve?: Resolve;
  /** PEM of authorities trusted in place of the system's. */
  readonly ca?: string;
}

export interface SluiceHttpClient extends HttpClient {
  /** Keep-alive agents for libraries that bring their own HTTP client. */
  agents(guarded: boolean): Agents;
  /** Says of a tenant's URL what can be said without the network. Throws SluiceError EGRESS_REFUSED. */
  checkUrl(url: URL): void;
  /** The URL at the origin that SLUICE_ENDPOINTS maps it to: for pages that a browser opens. */
  mapped(url: URL): URL;
  /** Closes idle connections and cuts those in use. */
  close(): void;
}

/** The one way out: got over agents that carry the egress guard and SLUICE_ENDPOINTS. */
export function createHttpClient(options: HttpClientOptions): SluiceHttpClient {
  const endpoints = parseEndpoints(options.endpoints ?? {}, options.everywhere);
  const policy = createEgressPolicy(options.egressAllow ?? []);
  const stages: Stages = new WeakMap();
  const lane = (guarded: boolean) => {
    const agents = createAgents({
      endpoints,
      policy,
      guarded,
      resolve: options.resolve,
      ca: options.ca,
      stages,
    });
    return { agents, exchange: createExchange(agents, options.clock, stages) };
  };
  const open = lane(false);
  const guarded = lane(true);
  const check = (url: URL): void => checkUrl(url, policy, endpoints);

  async function send(request: OutgoingRequest, how: SendOptions): Promise<Answer | Failure> {
    const { exchange } = how.guarded ? guarded : open;
    const deadline = options.clock.now() + how.timeoutMs;
    let current = request;
    for (let hops = 0; ; hops++) {
      if (how.guarded) check(current.url);
      const result = await exchange(current, how, deadline);
      const next = isFailure(result) || hops === MAX_REDIRECTS ? undefined : redirected(current, result, how);
      if (!next) return result;
      current = next;
    }
  }

  return {
    send,
    agents: (isGuarded) => (isGuarded ? guarded : open).agents,
    checkUrl: check,
    mapped: (url) => mapUrl(url, endpoints),
    close: () =>
      [open, guarded].forEach(({ agents }) =>
        [agents.http, agents.https].forEach((agent) => agent.destroy()),
      ),
  };
}

type Exchange = (request: OutgoingRequest, how: SendOptions, deadline: number) => Promise<Answer | Failure>;

/** One request, one answer. Retries, redirects, timeouts and errors are ours: got's are switched off. */
function createExchange(agents: Agents, clock: Clock, stages: Stages): Exchange {
  const client = createGot(agents);
  return async (request, how, deadline) => {
    const { method, url, headers, body } = request;
    let native: ClientRequest | undefined;
    let stop!: (network: 'timeout' | 'reset', message: string) => void;
    const stopped = new Promise<Failure>((resolve) => {
      stop = (network, message) => {
        resolve({ network, sent: wasSent(native, stages), message });
        stream.destroy();
      };
    });
    const stream = client.stream(url, { method: method as 'GET', headers, ...(body === undefined ? {} : { body }) });
    stream.on('request', (sent) => (native = sent));
    // A stream that is given no body waits for one to be written.
    if (body === undefined && stream.writable) stream.end();
    const cancelTimeout = clock.after(Math.max(0, deadline - clock.now()), () => {
      stop('timeout', `${url.origin} gave no whole answer within ${formatDuration(how.timeoutMs)}.`);
    });
    const leave =
      how.signal &&
      onAbort(how.signal, () => {
        stop('reset', 'The exchange was aborted: its run was cancelled, or the worker is stopping.');
      });
    try {
      return await Promise.race([stopped, answerOf(stream, how.maxBytes)]);
    } catch (error) {
      return failureOf(error, native, stages);
    } finally {
      cancelTimeout();
      leave?.();
    }
  };
}

/**
 * Of got's two ways this takes the stream: its promise gives each request an accessor of its own, and V8 keeps objects
 * with such until a collection of the whole heap. So it does with what is made of got's options for caching, which are
 * therefore empty. Each young collection copied all requests since the last one before (docs/benchmarks.md).
 */
function createGot(agents: Agents): Got {
  const client = got.extend({
    mutableDefaults: true,
    agent: { http: agents.http, https: agents.https },
    retry: { limit: 0 },
    timeout: {},
    throwHttpErrors: false,
    followRedirect: false,
    allowGetBody: true,
    headers: { 'user-agent': 'Sluice', 'accept-encoding': 'gzip, deflate, br' },
  });
  client.defaults.options.cacheOptions = {};
  return client;
}

/** The whole answer, or why it is not taken. */
function answerOf(stream: Request, maxBytes: number): Promise<Answer | Failure> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let head: Response | undefined;
    stream.once('response', (response: Response) => (head = response));
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= maxBytes) return;
      resolve({ network: 'reset', sent: true, message: tooLong(maxBytes) });
      stream.destroy();
    });
    stream.once('end', () => resolve({ status: head!.statusCode, headers: flat(head!.headers), body: Buffer.concat(chunks) }));
    // Stays on: what is destroyed may tell of more than one error.
    stream.on('error', reject);
  });
}

function tooLong(maxBytes: number): string {
  return `The answer is longer than the ${maxBytes} bytes accepted (maxBytes), after decompression.`;
}

/** Node gives lists for `set-cookie` alone. */
function flat(headers: IncomingHttpHeaders): Record<string, string> {
  const cookies = headers['set-cookie'];
  return (cookies ? { ...headers, 'set-cookie': cookies.join(', ') } : headers) as Record<string, string>;
}
