import { status, type Behaviour, type VendorRequest } from './vendor.ts';

/** Where the definitions of `provisioner` send their requests. */
export const PROVIDER_ORIGIN = 'https://api.vendor.test';

/** `lookup` of the role's step: found by its name, or not there once it could not be found for a while. */
export const LOOKUP = `{ mode: lookup, settle: PT0.2S, request: { method: GET, path: "/roles", query: { name: "role-{{ environment.id }}" } }, found: { body: { /items/0/id: { exists: true } } }, outputs: { roleId: /items/0/id } }`;

/** A refusal with all that providers say of one. */
export const DENIED = status(403, { 'x-request-id': 'r-1' }, '{"error":{"code":"AccessDenied"}}');

export interface ProvisionerOptions {
  readonly id?: string;
  readonly version?: string;
  readonly deadline?: string;
  /** The idempotency of the last of the three steps that make something. */
  readonly role?: string;
}

const resource = (id: string, idempotency: string): string => `
    - id: ${id}
      request: { method: POST, path: "/${id}s", json: { name: "${id}-{{ environment.id }}", key: "{{ step.idempotencyKey }}", environment: "{{ environment.name }}" } }
      idempotency: ${idempotency}
      response: { outputs: { ${id}Id: /id } }
      undo: [ { id: drop-${id}, request: { method: DELETE, path: "/${id}s/{{ steps.${id}.${id}Id }}" } } ]`;

/** A definition of three resources, each of which is made and taken away by one request. All waits are short. */
export function provisioner({ id = 'vendor', version = '1.0.0', deadline = 'PT20S', role = '{ mode: key }' }: ProvisionerOptions = {}): string {
  return `
apiVersion: sluice/v1
kind: provisioner
id: ${id}
version: ${version}
title: Vendor
baseUrl: ${PROVIDER_ORIGIN}
retry: { maxAttempts: 2, backoff: { type: constant, initial: PT0.02S, jitter: none } }
timeout: PT0.3S
input: { type: object }
create:
  deadline: ${deadline}
  rollbackDeadline: PT20S
  steps:${resource('network', '{ mode: key }')}
    - id: ready
      request: { method: GET, path: "/networks/{{ steps.network.networkId }}" }
      poll: { every: PT0.02S, timeout: PT20S, until: { body: { /state: READY } } }
      errors: [ { when: { body: { /state: FAILED } }, then: fail, code: NOT_STABILIZED, message: "{{ response.body.reason }}" } ]${resource('bucket', '{ mode: key }')}${resource('role', role)}
    - id: usable
      request: { method: GET, path: "/roles/{{ steps.role.roleId }}" }
      errors: [ { when: { body: { /usable: false } }, then: fail, kind: transient, code: PROBE_FAILED, message: "Nobody gets in with the role." } ]
  outputs: { networkId: "{{ steps.network.networkId }}", roleId: "{{ steps.role.roleId }}" }
read:
  steps:
    - id: look
      request: { method: GET, path: "/networks/{{ environment.outputs.networkId }}" }
      errors: [ { when: { status: 404 }, then: fail, code: NOT_FOUND, message: "The network is gone." } ]
  healthy: { body: { /state: READY } }
`;
}

interface Thing {
  readonly kind: string;
  readonly name: string;
  readonly key: string;
  readonly environment: string;
}

/**
 * A provider of resources of any kind. A test says what becomes of which request; the rest works. What the provider has
 * at the end is what matters.
 */
export class Provider {
  readonly things = new Map<string, Thing>();
  readonly log: string[] = [];
  state = 'READY';
  usable = true;
  /** Says what becomes of a request: nothing for the usual. `after` answers when the effect has happened. */
  trouble: (request: VendorRequest, call: string) => { readonly instead?: Behaviour; readonly after?: Behaviour } | undefined = () => undefined;

  readonly answer: Behaviour = (request, response, place) => {
    const [, kind = '', id] = request.target.split('?')[0]!.split('/');
    const call = `${request.method} ${kind}`;
    this.log.push(call);
    const { instead, after } = this.trouble(request, call) ?? {};
    if (instead) return instead(request, response, place);
    const [code, body] = this.#do(request, kind, id);
    if (after) return after(request, response, place);
    status(code, {}, JSON.stringify(body))(request, response, place);
  };

  #do(request: VendorRequest, kind: string, id: string | undefined): [number, object] {
    if (request.method === 'POST') {
      const { name, key, environment } = JSON.parse(request.body) as Omit<Thing, 'kind'>;
      const known = [...this.things].find(([, thing]) => thing.key === key);
      const own = known?.[0] ?? `${kind}-${this.things.size + 1}-${this.log.length}`;
      this.things.set(own, { kind, name, key, environment });
      return [200, { id: own }];
    }
    if (request.method === 'DELETE') return this.things.delete(id!) ? [200, {}] : [404, {}];
    if (id !== undefined) {
      return this.things.has(id) ? [200, { id, state: this.state, usable: this.usable, reason: 'no room' }] : [404, {}];
    }
    const name = new URL(request.target, 'http://x').searchParams.get('name');
    return [200, { items: [...this.things].filter(([, thing]) => thing.name === name).map(([found]) => ({ id: found })) }];
  }

  /** The kinds of what is there, in the order in which it was made. */
  get left(): string[] {
    return [...this.things.values()].map(({ kind }) => kind);
  }

  /** The same of one environment alone. */
  leftOf({ id }: { readonly id: string }): string[] {
    return [...this.things.values()].filter(({ name }) => name.endsWith(id)).map(({ kind }) => kind);
  }

  /** The name of the environment that a request is about, where the provider can know it. */
  environmentOf({ method, target, body }: VendorRequest): string | undefined {
    if (method === 'POST') return (JSON.parse(body) as Thing).environment;
    return this.things.get(target.split('/')[2] ?? '')?.environment;
  }

  /** Lets a call fail. */
  failAt(call: string, behaviour: Behaviour): void {
    this.trouble = (_request, seen) => (seen === call ? { instead: behaviour } : undefined);
  }

  deletions(): string[] {
    return this.log.filter((call) => call.startsWith('DELETE'));
  }

  /** How often something was asked for. */
  count(call: string): number {
    return this.log.filter((seen) => seen === call).length;
  }
}
