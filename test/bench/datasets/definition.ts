import { compileDefinition } from '../../../core/language/compile.ts';
import type { DatasetPlan } from '../../../core/language/plan-dataset.ts';
import { readDefinitions } from '../../../core/domains/definitions/files.ts';
import { allPlugins } from '../../definitions/bundle.ts';

/** The compiled dataset of a folder with one definition. */
export async function loadDefinition(folder: string): Promise<DatasetPlan> {
  const [source] = await readDefinitions(folder);
  const { plan, findings } = compileDefinition(source!, await allPlugins());
  if (!plan?.dataset) throw new Error(`The benches' definition does not compile: ${JSON.stringify(findings)}`);
  return plan.dataset;
}
