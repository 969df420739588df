import { Type } from 'typebox';
import type { Registry } from '../../kernel/registry.ts';
import type { Grammar } from '../grammar.ts';
import { idempotencyField } from '../modifiers/idempotency.ts';
import { errorsModifier } from '../modifiers/errors.ts';
import { retryModifier } from '../modifiers/retry.ts';
import { timeoutModifier } from '../modifiers/timeout.ts';
import { NAME, OBJECT_SCHEMA, TEXT, TREE } from '../schema/basics.ts';
import {
  field,
  listOf,
  mapOf,
  namedValues,
  planned,
  required,
  type Field,
  type Fields,
} from '../schema/field.ts';
import { HEADERS, QUERY, request } from '../verbs/request.ts';
import { authField } from './auth.ts';
import { HEADER } from './header.ts';
import { stepFields, stepsField } from './steps.ts';
import { testsField } from './tests.ts';

const concurrency = mapOf('concurrency', { key: required(NAME), limit: field(Type.Integer({ minimum: 1 })) });

/** The grammar of definitions, with the auth schemes of the plugins at hand. */
export function grammarOf(registry: Registry): Grammar {
  const known = grammars.get(registry);
  if (known) return known;
  const parts: { steps?: Field } = {};
  const grammar: Grammar = {
    registry,
    auth: authField(registry),
    // Steps hold steps: the list is made when it is first asked for.
    get steps() {
      return (parts.steps ??= stepsField(grammar));
    },
  };
  grammars.set(registry, grammar);
  return grammar;
}

const grammars = new WeakMap<Registry, Grammar>();

/** The keys of an integration (LANGUAGE 3 and 4). */
export function integrationFields(grammar: Grammar): Fields {
  return {
    ...HEADER,
    baseUrl: NAME,
    egress: listOf('egress', NAME),
    headers: HEADERS,
    query: QUERY,
    connection: OBJECT_SCHEMA,
    app: OBJECT_SCHEMA,
    verify: verifyField(grammar),
    auth: grammar.auth,
    errors: errorsModifier.field(grammar),
    retry: retryModifier.field(grammar),
    rateLimit: planned('answers of 429 are waited out by themselves.'),
    concurrency,
    timeout: timeoutModifier.field(grammar),
    actions: namedValues('actions', actionField(grammar)),
    triggers: planned('runs begin with form responses.'),
    tests: testsField,
  };
}

function verifyField(grammar: Grammar): Field {
  const { if: _, ...fields } = stepFields(request, grammar, false);
  return mapOf('verify', fields);
}

function actionField(grammar: Grammar): Field {
  return mapOf('an action', {
    title: NAME,
    description: TEXT,
    input: OBJECT_SCHEMA,
    idempotency: idempotencyField,
    concurrency,
    steps: required(grammar.steps),
    outputs: namedValues('outputs', TREE),
    onFailure: planned('a failed run is listed with its reason and can be replayed.'),
    finally: planned('write what must always happen as the last steps.'),
  });
}
