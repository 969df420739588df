import { StepFault } from '../../kernel/errors.ts';
import type { DatasetServices, DatasetWork } from '../../kernel/services.ts';
import type { DatasetDirectory } from '../../kernel/stores/datasets.ts';
import { asAttempt } from './attempt.ts';
import type { DatasetDeps } from './deps.ts';
import { asPiece } from './faults.ts';
import { FileLoads } from './loading/file-loads.ts';
import { buildPiece } from './warehouse/build.ts';
import { exportPiece } from './warehouse/export.ts';
import { retirePiece } from './warehouse/retire.ts';

/** What runs do with datasets that are on. */
export function stepServices(deps: DatasetDeps, directory: Pick<DatasetDirectory, 'find'>): DatasetServices {
  const loads = new FileLoads(deps);
  const piece = <T>(work: DatasetWork, does: () => Promise<T>): Promise<T> =>
    asPiece(async () => {
      await checkOn(directory, work);
      return does();
    });
  return {
    load: (work) => piece(work, () => loads.load(work)),
    export: (work, date) => piece(work, () => asAttempt(deps.clock, work.signal, () => exportPiece(deps, work, date))),
    build: (work, what) => piece(work, () => asAttempt(deps.clock, work.signal, () => buildPiece(deps, work, what))),
    retire: (work) => piece(work, () => asAttempt(deps.clock, work.signal, () => retirePiece(deps, work))),
  };
}

/** A run may have been made before the dataset was turned off, and replayed long after. */
async function checkOn(directory: Pick<DatasetDirectory, 'find'>, { tenantId, dataset: id }: DatasetWork): Promise<void> {
  const dataset = await directory.find({ tenantId, id });
  if (dataset?.connectionId !== undefined) return;
  throw new StepFault('config', `The dataset "${id}" is off. POST /v1/connections turns it on; then replay the run.`);
}
