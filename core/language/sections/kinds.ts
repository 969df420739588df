import type { JsonObject } from '../../kernel/json.ts';
import type { Grammar } from '../grammar.ts';
import type { Report } from '../report.ts';
import { checkMap, type Check, type Fields } from '../schema/field.ts';
import { asText } from '../schema/show.ts';
import { datasetFields } from './dataset.ts';
import { everyKindFields } from './every-kind.ts';
import { integrationFields } from './integration.ts';
import { provisionerFields } from './provisioner.ts';
import { checkSink, sinkFields } from './sink.ts';

/** What a kind of definition is called, and the keys that it alone has. */
interface Kind {
  readonly noun: string;
  readonly fields: (grammar: Grammar) => Fields;
  /** What needs more than one key to be seen. */
  readonly check?: Check;
}

const KINDS: Readonly<Record<string, Kind>> = {
  integration: { noun: 'an integration', fields: integrationFields },
  provisioner: { noun: 'a provisioner', fields: provisionerFields },
  sink: { noun: 'a sink', fields: sinkFields, check: checkSink },
  dataset: { noun: 'a dataset', fields: datasetFields },
};

/** Checks the keys of a definition of a kind that runs. */
export function checkKeys(root: JsonObject, grammar: Grammar, report: Report): void {
  const kind = KINDS[asText(root['kind'])];
  if (!kind) return;
  checkMap(kind.noun, fieldsOf(kind, grammar), root, '', report);
  kind.check?.(root, '', report);
}

/** The keys of every kind that runs, by its name. */
export function fieldsByKind(grammar: Grammar): ReadonlyMap<string, Fields> {
  return new Map(Object.entries(KINDS).map(([name, kind]) => [name, fieldsOf(kind, grammar)]));
}

/** Tests come last: they are about all that stands before them. */
function fieldsOf({ fields }: Kind, grammar: Grammar): Fields {
  const { tests, ...others } = everyKindFields(grammar);
  return { ...others, ...fields(grammar), ...(tests ? { tests } : {}) };
}
