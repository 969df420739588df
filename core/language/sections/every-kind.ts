import { Type } from 'typebox';
import type { Grammar } from '../grammar.ts';
import { errorsModifier } from '../modifiers/errors.ts';
import { retryModifier } from '../modifiers/retry.ts';
import { timeoutModifier } from '../modifiers/timeout.ts';
import { NAME, OBJECT_SCHEMA } from '../schema/basics.ts';
import { field, listOf, mapOf, planned, required, type Field, type Fields } from '../schema/field.ts';
import { HEADERS, QUERY, request } from '../verbs/request.ts';
import { HEADER } from './header.ts';
import { stepFields } from './steps.ts';
import { testsField } from './tests.ts';

export const concurrency = mapOf('concurrency', { key: required(NAME), limit: field(Type.Integer({ minimum: 1 })) });

/** What definitions of every kind begin with: the header, and the outside system (LANGUAGE 1 and 3). */
export function everyKindFields(grammar: Grammar): Fields {
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
    tests: testsField,
  };
}

/** One request that a person waits for: it has no condition, and nothing to wait for or to undo. */
function verifyField(grammar: Grammar): Field {
  const { if: _if, poll: _poll, undo: _undo, ...fields } = stepFields(request, grammar, false);
  return mapOf('verify', fields);
}
