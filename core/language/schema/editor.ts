import type { Registry } from '../../kernel/registry.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { grammarOf, integrationFields } from '../sections/integration.ts';
import { stepSchema } from '../sections/steps.ts';
import { mapSchema } from './field.ts';

/**
 * The JSON Schema (2020-12) of definitions, for editors: made of the same fields that lint checks, and of the
 * schemes of the plugins at hand.
 */
export function editorSchema(registry: Registry): JsonObject {
  const grammar = grammarOf(registry);
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Sluice definition',
    ...mapSchema(integrationFields(grammar)),
    $defs: { step: stepSchema(grammar) },
  };
  // Through text: what is left is plain JSON, without the marks that typebox keeps on its schemas.
  return JSON.parse(JSON.stringify(schema)) as JsonObject;
}
