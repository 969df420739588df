import { StepFault, type FaultKind } from '../../kernel/errors.ts';
import { ObjectStoreError, type ObjectStoreFault } from '../../kernel/objects.ts';
import { OperationalError, type OperationalFault } from '../../kernel/stores/operational.ts';
import { WarehouseError, type WarehouseFault } from '../../kernel/warehouse.ts';

const WAREHOUSE: Readonly<Record<WarehouseFault, FaultKind>> = {
  unavailable: 'transient',
  exhausted: 'transient',
  timeout: 'transient',
  // The step was cut: what became of it is for the engine to say.
  cancelled: 'transient',
  refused: 'config',
  invalid: 'config',
  too_large: 'config',
};

const OBJECTS: Readonly<Record<ObjectStoreFault, FaultKind>> = {
  unavailable: 'transient',
  // Whoever looks again sees another object, or takes another key.
  changed: 'transient',
  exists: 'transient',
  not_found: 'system',
  denied: 'config',
  invalid_key: 'config',
};

const OPERATIONAL: Readonly<Record<OperationalFault, FaultKind>> = {
  unavailable: 'transient',
  incompatible: 'config',
  invalid: 'config',
  missing: 'system',
  changed: 'system',
};

/** What a run of a dataset is told of its stores' trouble; all else stays as it is. */
export function toStepFault(error: unknown): unknown {
  const kind = kindOf(error);
  return kind === undefined ? error : new StepFault(kind, (error as Error).message, { cause: error });
}

function kindOf(error: unknown): FaultKind | undefined {
  if (error instanceof WarehouseError) return WAREHOUSE[error.fault];
  if (error instanceof ObjectStoreError) return OBJECTS[error.fault];
  return error instanceof OperationalError ? OPERATIONAL[error.fault] : undefined;
}

/** Does a piece of a run's work. @throws StepFault for what its stores say */
export async function asPiece<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toStepFault(error);
  }
}
