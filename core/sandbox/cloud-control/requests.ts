import { randomUUID } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import type { Fault } from '../faults.ts';
import { AwsError, HandlerError } from './errors.ts';
import { Handlers } from './handlers.ts';
import type { OperationStatus, Order, ResourceRequest } from './resource-request.ts';
import type { Resources } from './resources.ts';

/** A client token is good for 36 hours, a request token for seven days. */
const CLIENT_TOKEN_MS = 36 * 3_600_000;
const REQUEST_TOKEN_MS = 7 * 24 * 3_600_000;

/** The share of an operation's time in which it is PENDING; cancelling takes as long. */
const PENDING_SHARE = 0.1;

/** How quickly things happen; set through the sandbox's control interface. */
export interface Pace {
  /** What the durations of all operations are multiplied by. */
  timeScale: number;
  /** For how long reads are behind after a success, in seconds before scaling. */
  lagSeconds: number;
}

/**
 * The resource operation requests of the account. They move by the clock alone: whatever was due is carried out, in its
 * order, before anything is asked or told.
 */
export class ResourceRequests {
  readonly #clock: Clock;
  readonly #pace: Readonly<Pace>;
  readonly #handlers: Handlers;
  readonly #all = new Map<string, ResourceRequest>();
  readonly #byClientToken = new Map<string, ResourceRequest>();
  readonly #moving = new Set<ResourceRequest>();

  constructor(clock: Clock, pace: Readonly<Pace>, resources: Resources) {
    this.#clock = clock;
    this.#pace = pace;
    this.#handlers = new Handlers(resources, () => pace.lagSeconds * 1000 * pace.timeScale);
  }

  /**
   * Takes an order in, or finds the request that the same order made before.
   * @param fate asked for what is scripted to become of it, if it is a new one
   * @throws AwsError
   */
  accept({ model, ...order }: Order, fate: () => Fault | undefined): ResourceRequest {
    const known = this.#repeated(order);
    if (known) return known;
    this.#refuseConcurrent(order);
    const desired = model?.();
    const acceptedAt = this.#clock.now();
    const durationMs = order.type.seconds[durationOf(order)] * 1000 * this.#pace.timeScale;
    const request: ResourceRequest = {
      ...order,
      token: randomUUID(),
      acceptedAt,
      durationMs,
      desired,
      fate: fate(),
      status: 'PENDING',
      eventAt: acceptedAt,
      next: { at: acceptedAt + durationMs * PENDING_SHARE, step: 'begin' },
    };
    this.#all.set(request.token, request);
    this.#moving.add(request);
    if (order.clientToken !== undefined) this.#byClientToken.set(order.clientToken, request);
    return request;
  }

  /** @throws AwsError */
  find(token: string, region: string): ResourceRequest {
    const request = this.#all.get(token);
    if (request && request.region === region && this.#clock.now() - request.eventAt < REQUEST_TOKEN_MS)
      return request;
    throw new AwsError('RequestTokenNotFoundException', `Request with token ${token} was not found`);
  }

  /** @throws AwsError */
  cancel(token: string, region: string): ResourceRequest {
    const request = this.find(token, region);
    if (request.status === 'CANCEL_IN_PROGRESS') return request;
    if (request.status !== 'PENDING' && request.status !== 'IN_PROGRESS') {
      throw new AwsError(
        'ValidationException',
        `Only requests with a status of PENDING or IN_PROGRESS can be cancelled; the status of ${token} is ${request.status}.`,
      );
    }
    const now = this.#clock.now();
    turn(request, 'CANCEL_IN_PROGRESS', now);
    request.next = { at: now + request.durationMs * PENDING_SHARE, step: 'cancelled' };
    return request;
  }

  /** Oldest first. */
  all(): readonly ResourceRequest[] {
    return [...this.#all.values()];
  }

  /** Carries out what has come due, in its order. */
  settle(): void {
    const now = this.#clock.now();
    for (;;) {
      const due = [...this.#moving].filter(({ next }) => next && next.at <= now);
      if (due.length === 0) return;
      const first = due.reduce((a, b) => (b.next!.at < a.next!.at ? b : a));
      this.#step(first, first.next!);
      if (ENDED.has(first.status)) this.#moving.delete(first);
    }
  }

  clear(): void {
    this.#all.clear();
    this.#byClientToken.clear();
    this.#moving.clear();
  }

  #step(request: ResourceRequest, { at, step }: NonNullable<ResourceRequest['next']>): void {
    request.next = undefined;
    try {
      switch (step) {
        case 'begin':
          turn(request, 'IN_PROGRESS', at);
          this.#handlers.begin(request);
          if (request.fate?.kind !== 'hang') {
            request.next = { at: request.acceptedAt + request.durationMs, step: 'end' };
          }
          return;
        case 'end':
          this.#handlers.end(request, at);
          return turn(request, 'SUCCESS', at);
        case 'cancelled':
          this.#handlers.stop(request, at);
          return turn(request, 'CANCEL_COMPLETE', at);
      }
    } catch (error) {
      if (!(error instanceof HandlerError)) throw error;
      request.code = error.code;
      request.message = error.message;
      turn(request, 'FAILED', at);
    }
  }

  #repeated({ clientToken, fingerprint }: Order): ResourceRequest | undefined {
    const known = clientToken === undefined ? undefined : this.#byClientToken.get(clientToken);
    if (!known || this.#clock.now() - known.acceptedAt >= CLIENT_TOKEN_MS) return undefined;
    if (known.fingerprint === fingerprint) return known;
    throw new AwsError(
      'ClientTokenConflictException',
      `The specified client token has already been used in another resource request. Client token: ${clientToken}`,
    );
  }

  #refuseConcurrent({ type, region, identifier }: Order): void {
    const busy = [...this.#moving].some(
      (one) =>
        one.type === type &&
        one.identifier !== undefined &&
        one.identifier === identifier &&
        (type.reach === 'everywhere' || one.region === region),
    );
    if (!busy) return;
    throw new AwsError(
      'ConcurrentOperationException',
      `Another resource operation is currently being performed on the resource of type '${type.name}' with identifier '${identifier}'.`,
    );
  }
}

const ENDED = new Set<OperationStatus>(['SUCCESS', 'FAILED', 'CANCEL_COMPLETE']);

function turn(request: ResourceRequest, status: OperationStatus, at: number): void {
  request.status = status;
  request.eventAt = at;
}

function durationOf({ operation }: Order): 'create' | 'update' | 'delete' {
  return operation.toLowerCase() as Lowercase<typeof operation>;
}
