import { Type } from 'typebox';
import {
  OPERATION_STATES,
  operationOf,
  type LeakedResource,
  type OperationError,
} from '../domains/compute/operation.ts';
import type { Catalogue } from '../domains/definitions/catalogue.ts';
import { FAULT_CODES } from '../kernel/errors.ts';
import { OPERATION_KINDS } from '../kernel/stores/compute.ts';
import type { Run, RunStep } from '../kernel/stores/runs.ts';
import { showStep, StepSchema } from './run-view.ts';
import { AnyObject, nullable, Time } from './schema.ts';

export const ErrorSchema = Type.Object({
  code: Type.Enum([...FAULT_CODES]),
  message: Type.String(),
  step: nullable(Type.String()),
  provider: nullable(
    Type.Object({
      status: nullable(Type.Integer()),
      code: nullable(Type.String()),
      requestId: nullable(Type.String()),
    }),
  ),
  retryable: Type.Boolean({ description: 'Time, or a retry, may mend it.' }),
  causes: Type.Array(AnyObject, { description: 'What was the matter before, in the same form.' }),
});

const LeakedResource = Type.Object({
  step: Type.String({ description: 'Path of the step that made it.' }),
  outputs: nullable(AnyObject),
  error: nullable(ErrorSchema),
});

export const OperationSchema = Type.Object({
  id: Type.String({ format: 'uuid', description: "Also its run's." }),
  kind: Type.Enum([...OPERATION_KINDS]),
  target: Type.String({ description: "The environment's id." }),
  state: Type.Enum([...OPERATION_STATES]),
  progress: Type.Object({ done: Type.Integer(), total: Type.Integer(), step: nullable(Type.String()) }),
  attempts: Type.Integer(),
  deadline: nullable(Time),
  error: nullable(ErrorSchema),
  rollbackErrors: Type.Array(ErrorSchema),
  leakedResources: Type.Array(LeakedResource, { description: 'What stands and could not be removed; `:retry` tries again.' }),
  version: Type.Integer({ description: 'Raised by every change: the ETag, and the id of its events.' }),
  createdAt: Time,
  updatedAt: Time,
  finishedAt: nullable(Time),
});

export const OperationWithSteps = Type.Intersect([
  OperationSchema,
  Type.Object({ steps: Type.Array(StepSchema) }),
]);

/** A run as an operation; with its trace where that is given. */
export async function showOperation(catalogue: Catalogue, run: Run, steps?: readonly RunStep[]): Promise<object> {
  const operation = operationOf(run, await catalogue.planByHash(run.definition.hash));
  const { progress, deadline, error, rollbackErrors, leakedResources, finishedAt } = operation;
  return {
    ...operation,
    progress: { ...progress, step: progress.step ?? null },
    deadline: deadline ?? null,
    error: error ? showError(error) : null,
    rollbackErrors: rollbackErrors.map(showError),
    leakedResources: leakedResources.map(showLeak),
    finishedAt: finishedAt ?? null,
    ...(steps && { steps: steps.map(showStep) }),
  };
}

export function showError({ code, message, step, provider, retryable, causes }: OperationError): object {
  return {
    code,
    message,
    step: step ?? null,
    provider: provider
      ? { status: provider.status ?? null, code: provider.code ?? null, requestId: provider.requestId ?? null }
      : null,
    retryable,
    causes: causes.map(showError),
  };
}

function showLeak({ step, outputs, error }: LeakedResource): object {
  return { step, outputs: outputs ?? null, error: error ? showError(error) : null };
}
