import { conditions } from './conditions.ts';
import { datasetModels } from './dataset-models.ts';
import { datasetSources } from './dataset-sources.ts';
import { datasetTables } from './dataset-tables.ts';
import { datasetWarehouse } from './dataset-warehouse.ts';
import { idempotency } from './idempotency.ts';
import { identity } from './identity.ts';
import { jsonSchemas } from './json-schemas.ts';
import { origins } from './origins.ts';
import { partialResults } from './partial-results.ts';
import { polls } from './polls.ts';
import { progress } from './progress.ts';
import { secretPlaces } from './secret-places.ts';
import { secretSchemas } from './secret-schemas.ts';
import { stepIds } from './step-ids.ts';
import { stepTypes } from './step-types.ts';
import type { LintRule } from './subject.ts';
import { templates } from './templates.ts';
import { tests } from './tests.ts';
import { unreachableRules } from './unreachable-rules.ts';
import { unreachableSteps } from './unreachable-steps.ts';
import { unused } from './unused.ts';
import { variables } from './variables.ts';

/** What lint looks for, beyond what the schema says. */
export const LINT_RULES: readonly LintRule[] = [
  identity,
  jsonSchemas,
  stepIds,
  templates,
  variables,
  conditions,
  origins,
  secretPlaces,
  secretSchemas,
  stepTypes,
  idempotency,
  polls,
  partialResults,
  progress,
  datasetSources,
  datasetTables,
  datasetWarehouse,
  datasetModels,
  unreachableRules,
  unreachableSteps,
  unused,
  tests,
];
