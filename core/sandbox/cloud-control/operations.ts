import { Type } from 'typebox';
import type { Static, TSchema } from 'typebox';
import type { Clock } from '../../kernel/clock.ts';
import { isJsonObject } from '../../kernel/json.ts';
import type { Fault } from '../faults.ts';
import { AwsError } from './errors.ts';
import { patched } from './json-patch.ts';
import type { ResourceRequests } from './requests.ts';
import { OPERATION_STATUSES, OPERATIONS } from './resource-request.ts';
import type { Order, ResourceRequest } from './resource-request.ts';
import { identityOf, modelOf } from './resources.ts';
import type { Resource, Resources } from './resources.ts';
import { checkModel, typeNamed } from './types/index.ts';
import type { ResourceType } from './types/index.ts';
import { textOf } from './types/type.ts';

/** What an operation works with. */
export interface Account {
  readonly clock: Clock;
  readonly resources: Resources;
  readonly requests: ResourceRequests;
  /** What is scripted to become of an operation that is accepted. */
  readonly fateOf: (operation: string, type: ResourceType) => Fault | undefined;
}

/** One operation of the API: what it takes, and what it does. */
export interface Operation {
  readonly input: TSchema;
  run(account: Account, input: never, region: string): object;
}

const TypeName = Type.String({ pattern: '^[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}$' });
const Token = Type.String({ minLength: 1, maxLength: 128, pattern: '^[-A-Za-z0-9+/=]+$' });
const Document = Type.String({ minLength: 1, maxLength: 262_144 });
const Identifier = Type.String({ minLength: 1, maxLength: 1024 });
const MaxResults = Type.Optional(Type.Integer({ minimum: 1, maximum: 100 }));
const NextToken = Type.Optional(Type.String({ minLength: 1, maxLength: 2048 }));
const Written = { TypeName, ClientToken: Type.Optional(Token) };

function operation<Input extends TSchema>(
  input: Input,
  run: (account: Account, input: Static<Input>, region: string) => object,
): Operation {
  return { input, run };
}

/** https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/API_Operations.html */
export const API_OPERATIONS: Readonly<Record<string, Operation>> = {
  CreateResource: operation(
    Type.Object({ ...Written, DesiredState: Document }),
    (account, { TypeName, DesiredState, ClientToken }, region) => {
      const type = typeNamed(TypeName);
      const desired = checkModel(type, parsed(DesiredState));
      return write(account, 'CreateResource', {
        operation: 'CREATE',
        type,
        region,
        model: () => desired,
        identifier: textOf(desired, type.identifier),
        clientToken: ClientToken,
        fingerprint: JSON.stringify([TypeName, DesiredState]),
      });
    },
  ),
  UpdateResource: operation(
    Type.Object({ ...Written, Identifier, PatchDocument: Document }),
    (account, { TypeName, Identifier, PatchDocument, ClientToken }, region) => {
      const type = typeNamed(TypeName);
      const model = () => {
        const resource = readable(account, type, region, Identifier);
        const desired = checkModel(type, patched(resource.desired, PatchDocument));
        refuseCreateOnly(resource, desired);
        return desired;
      };
      return write(account, 'UpdateResource', {
        operation: 'UPDATE',
        type,
        region,
        model,
        identifier: Identifier,
        clientToken: ClientToken,
        fingerprint: JSON.stringify([TypeName, Identifier, PatchDocument]),
      });
    },
  ),
  DeleteResource: operation(
    Type.Object({ ...Written, Identifier }),
    (account, { TypeName, Identifier, ClientToken }, region) =>
      write(account, 'DeleteResource', {
        operation: 'DELETE',
        type: typeNamed(TypeName),
        region,
        identifier: Identifier,
        clientToken: ClientToken,
        fingerprint: JSON.stringify([TypeName, Identifier]),
      }),
  ),
  GetResource: operation(
    Type.Object({ TypeName, Identifier }),
    (account, { TypeName, Identifier }, region) => {
      const resource = readable(account, typeNamed(TypeName), region, Identifier);
      return { TypeName, ResourceDescription: { Identifier, Properties: JSON.stringify(modelOf(resource)) } };
    },
  ),
  ListResources: operation(
    Type.Object({ TypeName, MaxResults, NextToken }),
    ({ resources, clock }, { TypeName, ...page }, region) => {
      const listed = resources.listed(typeNamed(TypeName), region, clock.now());
      const { items, rest } = paged(listed, page);
      const described = items.map((one) => ({
        Identifier: one.identifier,
        Properties: JSON.stringify(identityOf(one)),
      }));
      return { TypeName, ResourceDescriptions: described, ...rest };
    },
  ),
  GetResourceRequestStatus: operation(
    Type.Object({ RequestToken: Token }),
    ({ requests, resources }, { RequestToken }, region) => ({
      ProgressEvent: progressEvent(requests.find(RequestToken, region), resources),
    }),
  ),
  CancelResourceRequest: operation(
    Type.Object({ RequestToken: Token }),
    ({ requests, resources }, { RequestToken }, region) => ({
      ProgressEvent: progressEvent(requests.cancel(RequestToken, region), resources),
    }),
  ),
  ListResourceRequests: operation(
    Type.Object({
      MaxResults,
      NextToken,
      ResourceRequestStatusFilter: Type.Optional(
        Type.Object({
          Operations: Type.Optional(Type.Array(Type.Enum([...OPERATIONS]))),
          OperationStatuses: Type.Optional(Type.Array(Type.Enum([...OPERATION_STATUSES]))),
        }),
      ),
    }),
    ({ requests, resources }, { ResourceRequestStatusFilter: filter = {}, ...page }, region) => {
      const fitting = requests
        .all()
        .filter((one) => one.region === region)
        .filter((one) => filter.Operations?.includes(one.operation) ?? true)
        .filter((one) => filter.OperationStatuses?.includes(one.status) ?? true);
      const { items, rest } = paged(fitting, page);
      return { ResourceRequestStatusSummaries: items.map((one) => progressEvent(one, resources)), ...rest };
    },
  ),
};

/** https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/API_ProgressEvent.html; times in seconds. */
export function progressEvent(request: ResourceRequest, resources: Resources): object {
  const { type, region, identifier, status, code, message, next } = request;
  const made =
    status === 'SUCCESS' && identifier !== undefined ? resources.find(type, region, identifier) : undefined;
  return {
    TypeName: type.name,
    ...(identifier !== undefined && { Identifier: identifier }),
    RequestToken: request.token,
    Operation: request.operation,
    OperationStatus: status,
    EventTime: request.eventAt / 1000,
    ...(made && request.operation !== 'DELETE' && { ResourceModel: JSON.stringify(modelOf(made)) }),
    ...(message !== undefined && { StatusMessage: message }),
    ...(code !== undefined && { ErrorCode: code }),
    ...(next && { RetryAfter: next.at / 1000 }),
  };
}

function write({ requests, resources, fateOf }: Account, name: string, order: Order): object {
  const fingerprint = `${name} ${order.region} ${order.fingerprint}`;
  const request = requests.accept({ ...order, fingerprint }, () => fateOf(name, order.type));
  return { ProgressEvent: progressEvent(request, resources) };
}

/** What a read finds: a resource that was made a moment ago is not yet among it. */
function readable(
  { resources, clock }: Account,
  type: ResourceType,
  region: string,
  identifier: string,
): Resource {
  const resource = resources.find(type, region, identifier);
  if (resource && resource.visibleAt <= clock.now()) return resource;
  throw new AwsError(
    'ResourceNotFoundException',
    `Resource of type '${type.name}' with identifier '${identifier}' was not found. (HandlerErrorCode: NotFound)`,
  );
}

function refuseCreateOnly(
  { type, desired: before }: Resource,
  after: Readonly<Record<string, unknown>>,
): void {
  const changed = type.createOnly.filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  if (changed.length === 0) return;
  const list = changed.map((name) => `/properties/${name}`).join(', ');
  throw new AwsError(
    'NotUpdatableException',
    `Invalid patch update: createOnlyProperties [${list}] cannot be updated`,
  );
}

function parsed(document: string): unknown {
  try {
    return JSON.parse(document);
  } catch {
    throw new AwsError('InvalidRequestException', 'Invalid DesiredState: it is no JSON.');
  }
}

interface Page {
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

function paged<T>(
  all: readonly T[],
  { MaxResults = 100, NextToken }: Page,
): { items: readonly T[]; rest: object } {
  const start = NextToken === undefined ? 0 : Number(Buffer.from(NextToken, 'base64url').toString());
  if (!Number.isSafeInteger(start) || start < 0)
    throw new AwsError('ValidationException', 'Invalid NextToken.');
  const end = start + MaxResults;
  const rest = all.length > end ? { NextToken: Buffer.from(String(end)).toString('base64url') } : {};
  return { items: all.slice(start, end), rest };
}

/** The type that a request's body names, or that of the operation it asks about. */
export function typeIn(body: unknown, requests: ResourceRequests): string | undefined {
  if (!isJsonObject(body)) return undefined;
  const { RequestToken: token } = body;
  return textOf(body, 'TypeName') ?? requests.all().find((one) => one.token === token)?.type.name;
}
