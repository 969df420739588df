import type { JsonObject } from '../../kernel/json.ts';
import type { NewRun } from '../../kernel/runs.ts';
import { environmentSubject, type ComputeEnvironment } from '../../kernel/stores/compute.ts';

type Named = Pick<ComputeEnvironment, 'tenantId' | 'id' | 'name' | 'connectionId' | 'input' | 'outputs' | 'steps'>;

type AboutEnvironment = Pick<NewRun, 'tenantId' | 'subject' | 'connectionId' | 'input'> & {
  readonly context: JsonObject;
};

/** What every run about an environment has, whatever it does: templates see it as `environment`. */
export function environmentRun({ tenantId, id, name, connectionId, input, outputs, steps }: Named): AboutEnvironment {
  return {
    tenantId,
    subject: environmentSubject(id),
    ...(connectionId === undefined ? {} : { connectionId }),
    input,
    context: { environment: { id, name, input, outputs: outputs ?? {}, steps } },
  };
}

/** One live operation an environment: a run that has not ended holds the key. */
export function operationKey(environmentId: string): string {
  return environmentSubject(environmentId);
}
