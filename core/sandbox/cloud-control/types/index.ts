import { Ajv } from 'ajv';
import type { ErrorObject } from 'ajv';
import { isJsonObject } from '../../../kernel/json.ts';
import type { JsonObject } from '../../../kernel/json.ts';
import { AwsError } from '../errors.ts';
import { BUCKET } from './bucket.ts';
import { ROLE } from './role.ts';
import { SUBNET } from './subnet.ts';
import type { ResourceType } from './type.ts';
import { VPC } from './vpc.ts';

export type { Neighbour, Neighbours, ResourceType } from './type.ts';

export const TYPES: readonly ResourceType[] = [VPC, SUBNET, BUCKET, ROLE];

const ajv = new Ajv({ allErrors: true });

/** @throws AwsError */
export function typeNamed(name: string): ResourceType {
  const type = TYPES.find((one) => one.name === name);
  if (type) return type;
  throw new AwsError('TypeNotFoundException', `The type '${name}' cannot be found.`);
}

/**
 * Checks a model against its type, and says what is wrong in the words of CloudFormation's validator.
 * @throws AwsError
 */
export function checkModel(type: ResourceType, model: unknown): JsonObject {
  if (!isJsonObject(model))
    throw new AwsError('InvalidRequestException', 'Invalid DesiredState: it must be a JSON object.');
  const validate = ajv.compile(type.model);
  if (validate(model)) return model;
  const found = (validate.errors ?? []).map((error) => `#${error.instancePath}: ${problem(error)}`);
  throw new AwsError('ValidationException', `Model validation failed (${found.join('\n')})`);
}

function problem({ keyword, params, message }: ErrorObject): string {
  const given: Readonly<Record<string, unknown>> = params;
  switch (keyword) {
    case 'additionalProperties':
      return `extraneous key [${String(given['additionalProperty'])}] is not permitted`;
    case 'required':
      return `required key [${String(given['missingProperty'])}] not found`;
    case 'type':
      return `expected type: ${String(given['type'])}`;
    default:
      return message ?? 'is not valid';
  }
}
