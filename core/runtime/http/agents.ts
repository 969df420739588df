import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { Agent as HttpAgent, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent, type AgentOptions, type RequestOptions } from 'node:https';
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { callbackify } from 'node:util';
import { egressRefused, type EgressPolicy } from './egress.ts';
import type { Endpoints } from './endpoints.ts';

/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

export interface Route {
  readonly endpoints: Endpoints;
  readonly policy: EgressPolicy;
  /** True for hosts out of tenants' values: each address is checked, and the connection made to what was checked. */
  readonly guarded: boolean;
  readonly resolve: Resolve | undefined;
  /** PEM of authorities trusted besides the system's. */
  readonly ca: string | undefined;
  /** Told how far a connection came. */
  readonly stages: Stages;
}

/** How far a connection came: `tcp` is connected, `open` is ready for the request (its TLS handshake done). */
export type Stages = WeakMap<object, 'tcp' | 'open'>;

export interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

// Most servers close idle connections after 5 s or later. Ours close earlier, so that a request hardly ever meets a
// connection that is being closed: for a step that may not be repeated that would be a case for review.
const POOL: AgentOptions = {
  keepAlive: true,
  scheduling: 'lifo',
  maxSockets: 1024,
  maxFreeSockets: 256,
  timeout: 4000,
};

/**
 * Keep-alive agents which connect to where SLUICE_ENDPOINTS points and refuse forbidden addresses. URL, Host header
 * and so signatures stay the vendor's: only the connection goes elsewhere.
 */
export function createAgents(route: Route): Agents {
  return {
    http: new RoutedHttpAgent(route, POOL),
    https: new RoutedHttpsAgent(route, route.ca === undefined ? POOL : { ...POOL, ca: route.ca }),
  };
}

class RoutedHttpAgent extends HttpAgent {
  readonly #route: Route;

  constructor(route: Route, pool: AgentOptions) {
    super(pool);
    this.#route = route;
  }

  override createConnection(options: ClientRequestArgs): Duplex {
    return open(this.#route, 'http:', options, () => connectTcp(socketOptions(this.#route, options)));
  }
}

class RoutedHttpsAgent extends HttpsAgent {
  readonly #route: Route;

  constructor(route: Route, pool: AgentOptions) {
    super(pool);
    this.#route = route;
  }

  override createConnection(options: RequestOptions): Duplex {
    // The base class keeps TLS sessions for resumption, so the common case is left to it.
    return open(
      this.#route,
      'https:',
      options,
      () => super.createConnection(withLookup(this.#route, options)) as Socket,
    );
  }
}

function open(
  route: Route,
  protocol: 'http:' | 'https:',
  options: ClientRequestArgs,
  direct: () => Socket,
): Socket {
  const host = hostOf(options);
  const origin = new URL(`${protocol}//${isIP(host) === 6 ? `[${host}]` : host}:${options.port ?? ''}`)
    .origin;
  const target = route.endpoints.get(origin);
  if (!target && route.guarded && isIP(host) !== 0) refuseAddress(route, protocol, origin, host);
  const socket = target ? connectTo(target, route, options) : direct();
  return watch(socket, (target?.protocol ?? protocol) === 'https:', route.stages);
}

function watch(socket: Socket, secure: boolean, stages: Stages): Socket {
  socket.once('connect', () => stages.set(socket, secure ? 'tcp' : 'open'));
  if (secure) socket.once('secureConnect', () => stages.set(socket, 'open'));
  return socket;
}

/** Connects to a mapped origin: the operator's word, so no address is checked. */
function connectTo(target: URL, route: Route, options: ClientRequestArgs): Socket {
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const secure = target.protocol === 'https:';
  const port = Number(target.port || (secure ? 443 : 80));
  const base = { ...socketOptions({ ...route, guarded: false }, options), host, port };
  if (!secure) return connectTcp(base);
  return connectTls({
    ...base,
    servername: isIP(host) ? '' : host,
    ...(route.ca === undefined ? {} : { ca: route.ca }),
  });
}

/** What a TCP connection takes from a request's options; not its `path`, which would name a Unix socket. */
function socketOptions(route: Route, options: ClientRequestArgs) {
  const { timeout } = POOL;
  const base = {
    host: hostOf(options),
    port: Number(options.port ?? 80),
    timeout: timeout ?? 0,
    keepAlive: true,
    noDelay: true,
  };
  const lookup = lookupFor(route, 'http:');
  return lookup ? { ...base, lookup } : base;
}

function withLookup(route: Route, options: RequestOptions): RequestOptions {
  const lookup = lookupFor(route, 'https:');
  return lookup ? { ...options, lookup } : options;
}

function hostOf(options: ClientRequestArgs): string {
  return options.host ?? options.hostname ?? 'localhost';
}

/** Node connects to exactly what this hands it, so a name cannot be rebound between check and connection. */
function lookupFor(route: Route, protocol: 'http:' | 'https:'): LookupFunction | undefined {
  if (!route.guarded && !route.resolve) return undefined;
  const checked = callbackify(async (hostname: string, family: unknown): Promise<LookupAddress[]> => {
    const addresses = await (route.resolve ?? resolveBySystem)(hostname);
    // One forbidden address among several is refused as a whole: a mistake, or an attack on the choice among them.
    if (route.guarded)
      addresses.forEach(({ address }) => refuseAddress(route, protocol, `${protocol}//${hostname}`, address));
    const fitting = addresses.filter((one) => !family || family === one.family);
    if (fitting.length > 0) return fitting;
    throw Object.assign(new Error(`${hostname} has no address.`), { code: 'ENOTFOUND' });
  });
  return (hostname, options, callback) => {
    checked(hostname, options.family, (error, addresses) => {
      const first = addresses?.[0];
      if (error || options.all || !first) callback(error, addresses ?? []);
      else callback(null, first.address, first.family);
    });
  };
}

function resolveBySystem(hostname: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(hostname, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
}

function refuseAddress(route: Route, protocol: string, origin: string, address: string): void {
  const why = route.policy.refusal(address);
  if (why !== undefined) throw egressRefused(origin, why);
  if (protocol === 'http:' && !route.policy.opened(address)) throw egressRefused(origin, 'it is not https');
}
