import { createHash } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';

/**
 * What may go wrong with an exchange. `status`: the vendor's own error body, nothing done. `html`: an error page of
 * something in between, nothing done. `reset`: the connection is cut, nothing done. `timeout`: no answer ever, nothing
 * done. `lost`: done, then the connection is cut before the answer. `half`: done, then cut in the middle of the answer.
 */
const EXCHANGE_KINDS = ['status', 'html', 'reset', 'timeout', 'lost', 'half'] as const;

/**
 * What may become of an operation that a vendor accepted and works on for a while. `fail`: it ends badly, with `code`.
 * `hang`: it never ends. `unusable`: it ends well, and what it made is broken.
 */
export const OUTCOME_KINDS = ['fail', 'hang', 'unusable'] as const;

export const FAULT_KINDS = [...EXCHANGE_KINDS, ...OUTCOME_KINDS] as const;
type FaultKind = (typeof FAULT_KINDS)[number];

export const FAULT_VENDORS = ['google', 'google-oauth', 'twilio', 'webhook', 'cloud-control'] as const;
type FaultVendor = (typeof FAULT_VENDORS)[number];

/** Says what becomes of the next `times` requests to a vendor that fit `method`, `path`, `operation` and `type`. */
export interface Fault {
  readonly vendor: FaultVendor;
  readonly kind: FaultKind;
  /** HTTP status of `status` (503 by default) and `html` (502). */
  readonly status?: number;
  /** Seconds, or an HTTP-date as text, for the Retry-After header. */
  readonly retryAfter?: number | string;
  /** The vendor's own name for the error, where it has several of one status, or none. */
  readonly code?: string;
  readonly message?: string;
  /** How many requests it meets; 1 by default, with `chance` any number. */
  readonly times?: number;
  /** Share of the fitting requests that it meets, between 0 and 1: which ones, `seed` decides. */
  readonly chance?: number;
  readonly seed?: number;
  /** Only requests with this method. */
  readonly method?: string;
  /** Only requests whose path holds this text. */
  readonly path?: string;
  /** Only this operation of an API that has one path for all. */
  readonly operation?: string;
  /** Only requests about this type of resource. */
  readonly type?: string;
}

/** What a fault is chosen by. */
export interface FaultTarget {
  readonly vendor: FaultVendor;
  readonly method: string;
  readonly path: string;
  readonly operation?: string | undefined;
  readonly type?: string | undefined;
}

/** The faults still to come, in the order they were asked for. */
export class Faults {
  #queue: { readonly fault: Fault; left: number; seen: number }[] = [];

  add(fault: Fault): void {
    this.#queue.push({ fault, left: fault.times ?? (fault.chance === undefined ? 1 : Infinity), seen: 0 });
  }

  /**
   * The fault of one of these kinds that a request meets, if any; it is used up by one. Whether chance meets the n-th
   * request that fits depends on the seed and n alone, so that a run of many requests can be repeated.
   */
  take(target: FaultTarget, kinds: readonly FaultKind[]): Fault | undefined {
    const entry = this.#queue.find((one) => {
      const { fault } = one;
      if (!kinds.includes(fault.kind) || !fits(fault, target)) return false;
      one.seen += 1;
      return fault.chance === undefined || drawn(fault.seed ?? 1, one.seen) < fault.chance;
    });
    if (!entry) return undefined;
    entry.left -= 1;
    if (entry.left <= 0) this.#queue = this.#queue.filter((other) => other !== entry);
    return entry.fault;
  }

  pending(): readonly Fault[] {
    return this.#queue.map(({ fault, left }) => (left === Infinity ? fault : { ...fault, times: left }));
  }

  clear(): void {
    this.#queue = [];
  }
}

function fits(fault: Fault, { vendor, method, path, operation, type }: FaultTarget): boolean {
  return (
    fault.vendor === vendor &&
    (fault.method === undefined || fault.method.toUpperCase() === method) &&
    (fault.path === undefined || path.includes(fault.path)) &&
    (fault.operation === undefined || fault.operation === operation) &&
    (fault.type === undefined || fault.type === type)
  );
}

/** A number from 0 up to 1, the same for the same seed and place. */
function drawn(seed: number, place: number): number {
  return createHash('sha256').update(`${seed}:${place}`).digest().readUInt32BE() / 2 ** 32;
}

/** Writes a vendor's error answer for a fault of kind `status`, as its documentation shows it. */
export type RefuseAs = (res: Response, fault: Fault) => void;

/** Lets the requests of one vendor meet their faults before (or, for `lost` and `half`, after) they are served. */
export function faulty(
  faults: Faults,
  targetOf: (req: Request) => Pick<FaultTarget, 'vendor' | 'operation' | 'type'>,
  refuse: RefuseAs,
): (req: Request, res: Response, next: NextFunction) => void {
  return (req, res, next) => {
    const target = { method: req.method, path: req.originalUrl, ...targetOf(req) };
    const fault = faults.take(target, EXCHANGE_KINDS);
    if (!fault) return next();
    if (fault.retryAfter !== undefined) res.set('retry-after', String(fault.retryAfter));
    switch (fault.kind) {
      case 'status':
        return refuse(res, fault);
      case 'html':
        res
          .status(fault.status ?? 502)
          .type('html')
          .send(PROXY_PAGE);
        return;
      case 'reset':
        req.socket.resetAndDestroy();
        return;
      case 'timeout':
        return;
      case 'lost':
        cutAnswer(req, res, 0);
        return next();
      case 'half':
        cutAnswer(req, res, 0.5);
        return next();
    }
  };
}

const PROXY_PAGE =
  '<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>';

/** Serves the request, but sends only this share of its answer before the connection is cut. */
function cutAnswer(req: Request, res: Response, share: number): void {
  const cut = (chunk?: unknown): Response => {
    const body =
      typeof chunk === 'string' || Buffer.isBuffer(chunk) ? Buffer.from(chunk as Buffer) : Buffer.alloc(0);
    if (share === 0) {
      req.socket.resetAndDestroy();
      return res;
    }
    res.setHeader('content-length', body.length);
    res.flushHeaders();
    res.write(body.subarray(0, Math.floor(body.length * share)), () => req.socket.destroy());
    return res;
  };
  res.end = cut as typeof res.end;
}
