import type { IncomingMessage, ServerResponse } from 'node:http';
import { bodyOf, listenHttp, sendJson } from '../support/http-server.ts';

/** A resource of the stand-in provider. */
export interface Resource {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
}

/** A small provider: POST /networks makes one, GET and DELETE /networks/{id}; the same for buckets. */
export interface Cloud {
  readonly origin: string;
  readonly resources: Map<string, Resource>;
  /** Lines of all requests, such as `POST /networks`. */
  readonly requests: string[];
  /** Answers instead of the cloud, by request line; `undefined` lets it answer. */
  faults: (line: string) => { readonly status: number; readonly body: unknown } | undefined;
  /** What GET says of a resource's state. */
  state: string;
  close(): Promise<void>;
}

export async function startCloud(): Promise<Cloud> {
  const resources = new Map<string, Resource>();
  const requests: string[] = [];
  let count = 0;
  const server = await listenHttp(async (request, response) => {
    const text = await bodyOf(request);
    const line = `${request.method} ${request.url}`;
    requests.push(line);
    const fault = cloud.faults(line);
    if (fault) return sendJson(response, fault.status, fault.body);
    answer(request, response, text);
  });
  function answer(request: IncomingMessage, response: ServerResponse, text: string): void {
    const [, kind = '', id = ''] = (request.url ?? '').split('/');
    if (request.method === 'POST') {
      const made = { id: `${kind}-${++count}`, kind, name: (JSON.parse(text) as Resource).name };
      resources.set(made.id, made);
      return sendJson(response, 201, made);
    }
    const known = resources.get(id);
    if (!known) return sendJson(response, 404, { reason: `There is no ${id}.` });
    if (request.method === 'DELETE') resources.delete(id);
    sendJson(response, 200, { ...known, state: cloud.state });
  }
  const cloud: Cloud = {
    origin: server.origin,
    resources,
    requests,
    faults: () => undefined,
    state: 'READY',
    close: server.close,
  };
  return cloud;
}

const CREATE = (bucketUndo: string) => `
create:
  deadline: PT10M
  steps:
    - id: network
      request: { method: POST, path: /networks, json: { name: "sluice-{{ environment.id }}", size: "{{ input.size }}", requestId: "{{ step.idempotencyKey }}" } }
      idempotency: { mode: key }
      response: { outputs: { networkId: /id } }
      undo: [ { id: undoNetwork, request: { method: DELETE, path: "/networks/{{ steps.network.networkId }}" }, retry: { maxAttempts: 1 } } ]
    - id: networkReady
      request: { method: GET, path: "/networks/{{ steps.network.networkId }}" }
      poll: { every: PT0.05S, timeout: PT10M, until: { body: { /state: READY } } }
    - id: bucket
      request: { method: POST, path: /buckets, json: { name: "{{ input.region }}", requestId: "{{ step.idempotencyKey }}" } }
      idempotency: { mode: key }
      response: { outputs: { bucketId: /id } }
      ${bucketUndo}
  outputs: { networkId: "{{ steps.network.networkId }}", bucketId: "{{ steps.bucket.bucketId }}" }`;

const HEADER = (id: string) => `
apiVersion: sluice/v1
kind: provisioner
id: ${id}
version: 1.0.0
title: Acme Cloud
baseUrl: https://cloud.acme.example
input:
  type: object
  required: [region]
  properties: { region: { type: string, enum: [north, south] }, size: { type: integer, minimum: 1, default: 2 } }
progress: [network, networkReady, bucket]`;

const UNDO_BUCKET = `undo: [ { id: undoBucket, request: { method: DELETE, path: "/buckets/{{ steps.bucket.bucketId }}" }, retry: { maxAttempts: 1 } } ]`;

/** Provisioners of the stand-in, by file name. */
export const PROVISIONERS: Readonly<Record<string, string>> = {
  // Deleted by undoing what was created.
  'acme-ledger.yaml': `${HEADER('acme-ledger')}${CREATE(UNDO_BUCKET)}`,
  'acme-cloud.yaml': `${HEADER('acme-cloud')}${CREATE(UNDO_BUCKET)}
read:
  steps:
    - id: look
      request: { method: GET, path: "/networks/{{ environment.outputs.networkId }}" }
      retry: { maxAttempts: 1 }
      errors: [ { when: { status: 404 }, then: fail, code: NOT_FOUND, message: "The network is gone." } ]
      response: { outputs: { state: /state } }
  outputs: { state: "{{ steps.look.state }}" }
  healthy: { body: { /state: READY } }
delete:
  deadline: PT10M
  steps:
    - { id: dropBucket, request: { method: DELETE, path: "/buckets/{{ environment.steps.bucket.bucketId }}" }, retry: { maxAttempts: 1 } }
    - { id: dropNetwork, request: { method: DELETE, path: "/networks/{{ environment.outputs.networkId }}" } }`,
  'acme-locked.yaml': `
apiVersion: sluice/v1
kind: provisioner
id: acme-locked
version: 1.0.0
title: Acme, for those with a token
baseUrl: https://cloud.acme.example
connection: { type: object, required: [token], properties: { token: { type: string, secret: true } } }
auth: { bearer: { token: "{{ connection.token }}" } }
create:
  steps:
    - { id: network, request: { method: POST, path: /networks, json: { name: x } }, idempotency: { mode: once }, response: { outputs: { id: /id } } }
  outputs: { id: "{{ steps.network.id }}" }
progress: [network]`,
};

export const ENDPOINTS = (cloud: Cloud) => ({ 'https://cloud.acme.example': cloud.origin });
