import type { Grammar } from '../grammar.ts';
import { idempotencyDefault } from '../modifiers/idempotency.ts';
import { NAME, OBJECT_SCHEMA, TEXT, TREE } from '../schema/basics.ts';
import { mapOf, namedValues, planned, required, type Field, type Fields } from '../schema/field.ts';
import { concurrency } from './every-kind.ts';

/** The keys of an integration besides those that all kinds have (LANGUAGE 4). */
export function integrationFields(grammar: Grammar): Fields {
  return {
    actions: namedValues('actions', actionField(grammar)),
    triggers: planned('runs begin with form responses.'),
  };
}

function actionField(grammar: Grammar): Field {
  return mapOf('an action', {
    title: NAME,
    description: TEXT,
    input: OBJECT_SCHEMA,
    idempotency: idempotencyDefault,
    concurrency,
    steps: required(grammar.steps),
    outputs: namedValues('outputs', TREE),
    onFailure: planned('a failed run is listed with its reason and can be replayed.'),
    finally: planned('write what must always happen as the last steps.'),
  });
}
