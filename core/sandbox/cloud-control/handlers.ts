import { randomBytes } from 'node:crypto';
import type { Fault } from '../faults.ts';
import { HANDLER_ERROR_CODES, HandlerError } from './errors.ts';
import type { HandlerErrorCode } from './errors.ts';
import type { ResourceRequest } from './resource-request.ts';
import type { Resource, Resources } from './resources.ts';
import { textOf } from './types/type.ts';

/**
 * What happens to resources while an operation runs. It begins to make (or to take away) and it ends; between the two a
 * created resource is there, with its identifier, and stays there if the operation is cancelled or does not stabilise.
 */
export class Handlers {
  readonly #resources: Resources;
  readonly #lagMs: () => number;

  constructor(resources: Resources, lagMs: () => number) {
    this.#resources = resources;
    this.#lagMs = lagMs;
  }

  /** @throws HandlerError */
  begin(request: ResourceRequest): void {
    const failure = failureOf(request.fate);
    if (failure && failure.code !== 'NotStabilized') throw failure;
    switch (request.operation) {
      case 'CREATE':
        return this.#make(request);
      case 'UPDATE':
        this.#existing(request);
        return;
      case 'DELETE': {
        const resource = this.#existing(request);
        resource.type.beforeDelete?.(resource.identifier, this.#resources.neighbours(resource.region));
        resource.state = 'deleting';
      }
    }
  }

  /** @throws HandlerError */
  end(request: ResourceRequest, at: number): void {
    const resource = this.#existing(request);
    const failure = failureOf(request.fate);
    if (failure) {
      release(resource, at);
      throw failure;
    }
    const lagMs = this.#lagMs();
    switch (request.operation) {
      case 'CREATE':
        resource.state = 'ready';
        resource.visibleAt = at + lagMs;
        resource.listedAt = at + 2 * lagMs;
        return;
      case 'UPDATE':
        resource.desired = request.desired ?? resource.desired;
        return;
      case 'DELETE':
        resource.goneAt = at;
        resource.unlistedAt = at + 2 * lagMs;
    }
  }

  /** After a cancellation: what was begun stays as it is. */
  stop(request: ResourceRequest, at: number): void {
    const { identifier, type, region, token, operation } = request;
    const resource = identifier === undefined ? undefined : this.#resources.find(type, region, identifier);
    if (resource && (operation !== 'CREATE' || resource.requestToken === token)) release(resource, at);
  }

  #make(request: ResourceRequest): void {
    const { type, region, desired = {}, clientToken, token, fate } = request;
    const made = type.create(desired, { region, id: newId }, this.#resources.neighbours(region));
    const identifier = textOf(made, type.identifier) ?? '';
    if (this.#resources.find(type, region, identifier)) {
      throw new HandlerError(
        'AlreadyExists',
        `Resource of type '${type.name}' with identifier '${identifier}' already exists.`,
      );
    }
    request.identifier = identifier;
    this.#resources.add({
      type,
      region,
      identifier,
      desired,
      made,
      clientToken,
      requestToken: token,
      state: 'making',
      unusable: fate?.kind === 'unusable',
      visibleAt: Infinity,
      listedAt: Infinity,
    });
  }

  #existing({ type, region, identifier = '' }: ResourceRequest): Resource {
    const resource = this.#resources.find(type, region, identifier);
    if (resource) return resource;
    throw new HandlerError(
      'NotFound',
      `Resource of type '${type.name}' with identifier '${identifier}' was not found.`,
    );
  }
}

/** Leaves a resource to itself: it is there, and whoever looks finds it. */
function release(resource: Resource, at: number): void {
  resource.state = 'ready';
  resource.visibleAt = Math.min(resource.visibleAt, at);
  resource.listedAt = Math.min(resource.listedAt, at);
}

function failureOf(fate: Fault | undefined): HandlerError | undefined {
  if (fate?.kind !== 'fail') return undefined;
  const code: HandlerErrorCode = HANDLER_ERROR_CODES.find((one) => one === fate.code) ?? 'InternalFailure';
  return new HandlerError(
    code,
    fate.message ?? `The sandbox was asked to let this operation fail with ${code}.`,
  );
}

/** An id such as `vpc-0a1b2c3d4e5f60718`. */
function newId(prefix: string): string {
  return `${prefix}-0${randomBytes(8).toString('hex')}`;
}
