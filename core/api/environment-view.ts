import { Type } from 'typebox';
import { errorOf } from '../domains/compute/operation.ts';
import type { Catalogue } from '../domains/definitions/catalogue.ts';
import { ENVIRONMENT_STATES, type ComputeEnvironment } from '../kernel/stores/compute.ts';
import type { Run } from '../kernel/stores/runs.ts';
import { ErrorSchema, OperationSchema, showError, showOperation } from './operation-view.ts';
import { AnyObject, Id, nullable, Time } from './schema.ts';

export const EnvironmentSchema = Type.Object({
  id: Id,
  name: Type.String(),
  provisioner: Type.String(),
  provisionerVersion: Type.String(),
  connectionId: nullable(Id),
  input: AnyObject,
  state: Type.Enum([...ENVIRONMENT_STATES]),
  outputs: nullable(AnyObject),
  error: nullable(ErrorSchema),
  operationId: Type.String({ format: 'uuid', description: 'Its latest operation.' }),
  createdAt: Time,
  updatedAt: Time,
  deletedAt: nullable(Time),
});

export const EnvironmentWithOperation = Type.Intersect([
  EnvironmentSchema,
  Type.Object({ operation: OperationSchema }),
]);

export function showEnvironment(environment: ComputeEnvironment): object {
  const { id, name, definition, input, state, operationId, createdAt, updatedAt } = environment;
  return {
    id,
    name,
    provisioner: definition.id,
    provisionerVersion: definition.version,
    connectionId: environment.connectionId ?? null,
    input,
    state,
    outputs: environment.outputs ?? null,
    error: environment.error ? showError(errorOf(environment.error)) : null,
    operationId,
    createdAt,
    updatedAt,
    deletedAt: environment.deletedAt ?? null,
  };
}

/** With its latest operation inside. */
export async function showWithOperation(catalogue: Catalogue, environment: ComputeEnvironment, run: Run): Promise<object> {
  return { ...showEnvironment(environment), operation: await showOperation(catalogue, run) };
}
