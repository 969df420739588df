import type { Grammar } from '../grammar.ts';
import { idempotencyDefault } from '../modifiers/idempotency.ts';
import { CONDITION, DURATION, NAME, OBJECT_SCHEMA, TREE } from '../schema/basics.ts';
import { listOf, mapOf, namedValues, planned, required, type Fields } from '../schema/field.ts';

const outputs = namedValues('outputs', TREE);

/** The keys of a provisioner besides those that all kinds have (LANGUAGE 5). */
export function provisionerFields(grammar: Grammar): Fields {
  const pipeline: Fields = {
    idempotency: idempotencyDefault,
    steps: required(grammar.steps),
    onFailure: planned('what steps did is taken back by their `undo`.'),
    finally: planned('write what must always happen as the last steps.'),
  };
  return {
    input: OBJECT_SCHEMA,
    create: required(mapOf('create', { deadline: DURATION, rollbackDeadline: DURATION, ...pipeline, outputs })),
    read: mapOf('read', { ...pipeline, outputs, healthy: CONDITION }),
    delete: mapOf('delete', { deadline: DURATION, ...pipeline }),
    progress: listOf('progress', NAME),
  };
}
