import { SluiceError } from '../../kernel/errors.ts';

/** How much may be on its way in one process at a time. */
export interface AdmissionLimits {
  readonly tenantRequests: number;
  readonly tenantBytes: number;
  readonly requests: number;
  readonly bytes: number;
}

const LIMITS: AdmissionLimits = {
  tenantRequests: 4000,
  tenantBytes: 128 * 1024 * 1024,
  requests: 10_000,
  bytes: 256 * 1024 * 1024,
};

interface Held {
  requests: number;
  bytes: number;
}

/** A request's place in the queue. */
export interface Admitted {
  /** Says how large it turned out to be. @throws SluiceError as `admit` does */
  hold(bytes: number): void;
  release(): void;
}

/**
 * Bounds what waits for the shards: one tenant beyond its share is told 429, and everybody 503 once the process is full. Both
 * carry Retry-After, and nothing of the request has been taken then.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #tenants = new Map<string, Held>();
  readonly #all: Held = { requests: 0, bytes: 0 };

  constructor(limits: AdmissionLimits = LIMITS) {
    this.#limits = limits;
  }

  admit(tenantId: string): Admitted {
    const tenant = this.#tenants.get(tenantId) ?? { requests: 0, bytes: 0 };
    this.#check(tenant, 1, 0);
    this.#tenants.set(tenantId, tenant);
    add(tenant, this.#all, 1, 0);
    let held = 0;
    let released = false;
    return {
      hold: (bytes) => {
        this.#check(tenant, 0, bytes);
        add(tenant, this.#all, 0, bytes);
        held += bytes;
      },
      release: () => {
        if (released) return;
        released = true;
        add(tenant, this.#all, -1, -held);
        if (tenant.requests === 0) this.#tenants.delete(tenantId);
      },
    };
  }

  #check(tenant: Held, requests: number, bytes: number): void {
    const limits = this.#limits;
    if (tenant.requests + requests > limits.tenantRequests || tenant.bytes + bytes > limits.tenantBytes) {
      throw new SluiceError(
        'RATE_LIMITED',
        'Too many events of this tenant are on their way. Try again in a moment.',
        {
          retryAfter: 1,
        },
      );
    }
    if (this.#all.requests + requests > limits.requests || this.#all.bytes + bytes > limits.bytes) {
      throw new SluiceError('UNAVAILABLE', 'Too many events are on their way. Try again in a moment.', {
        retryAfter: 1,
      });
    }
  }
}

function add(tenant: Held, all: Held, requests: number, bytes: number): void {
  for (const held of [tenant, all]) {
    held.requests += requests;
    held.bytes += bytes;
  }
}
