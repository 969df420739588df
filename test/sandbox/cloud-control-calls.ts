import { signAws } from '../../core/kernel/aws-signature.ts';
import type { AwsKeys } from '../../core/kernel/aws-signature.ts';
import type { JsonObject } from '../../core/kernel/json.ts';
import type { Fixture, Reply, Sent } from './support.ts';

export const REGION = 'eu-central-1';
export const HOST = `cloudcontrolapi.${REGION}.amazonaws.com`;

export interface Event {
  readonly TypeName: string;
  readonly Identifier?: string;
  readonly RequestToken: string;
  readonly Operation: string;
  readonly OperationStatus: string;
  readonly EventTime: number;
  readonly ResourceModel?: string;
  readonly StatusMessage?: string;
  readonly ErrorCode?: string;
  readonly RetryAfter?: number;
}

export interface Calls {
  /** A signed request, not yet sent. */
  readonly request: (operation: string, input: JsonObject, how?: How) => Promise<Sent>;
  /** One signed call. */
  readonly call: (operation: string, input: JsonObject, how?: How) => Promise<Reply>;
  /** The same, for operations that answer with a progress event; throws where they do not. */
  readonly event: (operation: string, input: JsonObject) => Promise<Event>;
  /** Lets an operation go to its end, and says how it ended. */
  readonly ended: (event: Event) => Promise<Event>;
  readonly create: (type: string, desired: JsonObject, clientToken?: string) => Promise<Event>;
  readonly remove: (type: string, identifier: string) => Promise<Event>;
  /** The code of the error that a call was refused with, and its status. */
  readonly refusal: (operation: string, input: JsonObject, how?: How) => Promise<string>;
  readonly script: (fault: JsonObject) => Promise<Reply>;
  readonly inventory: () => Promise<Inventory>;
}

export interface How {
  readonly keys?: AwsKeys;
  readonly region?: string;
  readonly service?: string;
  readonly host?: string;
  /** How far the signer's clock is ahead, in ms. */
  readonly ahead?: number;
}

export interface Inventory {
  readonly timeScale: number;
  readonly resources: readonly {
    readonly type: string;
    readonly identifier: string;
    readonly clientToken: string | null;
    readonly state: string;
    readonly tags: readonly JsonObject[];
    readonly model: JsonObject;
  }[];
  readonly requests: readonly Event[];
}

/** Calls of Cloud Control on a sandbox whose clock the test moves. */
export function cloudControlCalls({ clock, sandbox, send }: Fixture): Calls {
  const calls: Calls = {
    async request(operation, input, how = {}) {
      const {
        keys = sandbox().credentials.aws.permanent,
        region = REGION,
        service = 'cloudcontrolapi',
      } = how;
      const { host = HOST, ahead = 0 } = how;
      const body = JSON.stringify(input);
      const unsigned = {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `CloudApiService.${operation}`,
      };
      const url = new URL(`https://${host}/`);
      const headers = await signAws(
        { method: 'POST', url, headers: unsigned, body: Buffer.from(body) },
        keys,
        {
          service,
          region,
          at: clock.now() + ahead,
        },
      );
      return { method: 'POST', host, path: '/', headers, body };
    },
    call: async (operation, input, how) => send(await calls.request(operation, input, how)),
    async event(operation, input) {
      const reply = await calls.call(operation, input);
      if (reply.status !== 200) throw new Error(`${operation}: ${reply.status} ${reply.text}`);
      const { ProgressEvent } = reply.json() as { ProgressEvent: Event };
      return ProgressEvent;
    },
    async ended({ RequestToken }) {
      clock.advance(60_000);
      return calls.event('GetResourceRequestStatus', { RequestToken });
    },
    create: (TypeName, desired, ClientToken) =>
      calls.event('CreateResource', {
        TypeName,
        DesiredState: JSON.stringify(desired),
        ...(ClientToken !== undefined && { ClientToken }),
      }),
    remove: (TypeName, Identifier) => calls.event('DeleteResource', { TypeName, Identifier }),
    async refusal(operation, input, how) {
      const reply = await calls.call(operation, input, how);
      const { __type: type } = reply.json() as { __type: string };
      return `${reply.status} ${type.replace(/^.*#/, '')}`;
    },
    script: (fault) =>
      send({
        method: 'POST',
        path: '/_sandbox/faults',
        body: JSON.stringify({ vendor: 'cloud-control', ...fault }),
      }),
    inventory: async () => (await send({ path: '/_sandbox/cloud-control' })).json(),
  };
  return calls;
}
