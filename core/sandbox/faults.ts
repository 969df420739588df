import type { NextFunction, Request, Response } from 'express';

/**
 * What may go wrong. `status`: the vendor's own error body, nothing done. `markup`: an error page of something in
 * between, nothing done. `reset`: the connection is cut, nothing done. `timeout`: no answer ever, nothing done.
 * `lost`: done, then the connection is cut before the answer. `half`: done, then cut in the middle of the answer.
 */
export const FAULT_KINDS = ['status', 'html', 'reset', 'timeout', 'lost', 'half'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export const FAULT_VENDORS = ['google', 'google-oauth', 'twilio', 'webhook'] as const;
export type FaultVendor = (typeof FAULT_VENDORS)[number];

/** Says what becomes of the next `times` requests to a vendor that fit `method` and `path`. */
export interface Fault {
  readonly vendor: FaultVendor;
  readonly kind: FaultKind;
  /** HTTP status of `status` (503 by default) and `markup` (502). */
  readonly status?: number;
  /** Seconds, or an HTTP-date as text, for the Retry-After header. */
  readonly retryAfter?: number | string;
  /** How many requests it meets; 1 by default. */
  readonly times?: number;
  /** Only requests with this method. */
  readonly method?: string;
  /** Only requests whose path holds this text. */
  readonly path?: string;
}

/** The faults still to come, in the order they were asked for. */
export class Faults {
  #queue: { readonly fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#queue.push({ fault, left: fault.times ?? 1 });
  }

  /** The fault this request meets, if any; it is used up by one. */
  take(vendor: FaultVendor, method: string, path: string): Fault | undefined {
    const entry = this.#queue.find(
      ({ fault }) =>
        fault.vendor === vendor &&
        (fault.method === undefined || fault.method.toUpperCase() === method) &&
        (fault.path === undefined || path.includes(fault.path)),
    );
    if (!entry) return undefined;
    entry.left -= 1;
    if (entry.left <= 0) this.#queue = this.#queue.filter((other) => other !== entry);
    return entry.fault;
  }

  pending(): readonly (Fault & { readonly times: number })[] {
    return this.#queue.map(({ fault, left }) => ({ ...fault, times: left }));
  }

  clear(): void {
    this.#queue = [];
  }
}

/** Writes a vendor's error answer of a status, as its documentation shows it. */
export type RefuseAs = (res: Response, status: number) => void;

/** Lets the requests of one vendor meet their faults before (or, for `lost` and `half`, after) they are served. */
export function faulty(
  faults: Faults,
  vendorOf: (req: Request) => FaultVendor,
  refuse: RefuseAs,
): (req: Request, res: Response, next: NextFunction) => void {
  return (req, res, next) => {
    const fault = faults.take(vendorOf(req), req.method, req.originalUrl);
    if (!fault) return next();
    if (fault.retryAfter !== undefined) res.set('retry-after', String(fault.retryAfter));
    switch (fault.kind) {
      case 'status':
        return refuse(res, fault.status ?? 503);
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
