import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import type { TSchema } from 'typebox';
import { SluiceError, type Violation } from '../kernel/errors.ts';
import { followPointer, isJsonObject, pointerSegment } from '../kernel/json.ts';
import { didYouMean } from '../kernel/suggest.ts';

const options = { allErrors: true, verbose: true, strict: true, strictTypes: false } as const;
const bodies = new Ajv(options);
// A query is text: numbers and booleans are read out of it.
const queries = new Ajv({ ...options, coerceTypes: true });
for (const ajv of [bodies, queries]) formats.default(ajv);

export type Check = (value: unknown) => void;

/** Compiles once what a route validates its bodies with. Throws SluiceError VALIDATION_FAILED. */
export function bodyCheck(schema: TSchema): Check {
  return check(bodies.compile(schema), '');
}

/** The same for a query string; the value is changed in place where its types are read. */
export function queryCheck(schema: TSchema): Check {
  return check(queries.compile(schema), '/query');
}

function check(validate: ValidateFunction, root: string): Check {
  return (value) => {
    if (validate(value)) return;
    const errors = violationsOf(validate.errors ?? [], value, root);
    throw new SluiceError('VALIDATION_FAILED', summary(errors), { errors });
  };
}

/** One sentence for a list of findings. */
export function summary(errors: readonly Violation[]): string {
  const first = errors[0];
  if (!first) return 'The request breaks a rule.';
  const place = first.path === '' ? 'The body' : first.path;
  const others = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return `${place}: ${first.message}${others}`;
}

/** What Ajv found, as a reader of the body needs it. The first twenty findings. */
function violationsOf(errors: readonly ErrorObject[], value: unknown, root: string): Violation[] {
  const seen = new Map<string, Violation>();
  for (const error of errors) {
    const violation = violationOf(error, value, root);
    if (violation && !seen.has(violation.path)) seen.set(violation.path, violation);
  }
  return [...seen.values()].slice(0, 20);
}

function violationOf(error: ErrorObject, value: unknown, root: string): Violation | undefined {
  const at = root + error.instancePath;
  const seen = followPointer(value, error.instancePath);
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(error.params['additionalProperty']);
      const accepted = Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {});
      const list = accepted.length > 0 ? `accepted are ${accepted.join(', ')}` : 'no keys are accepted here';
      return {
        path: at + pointerSegment(key),
        message: `"${key}" is not known here; ${list}.${didYouMean(key, accepted)}`,
      };
    }
    case 'required':
      return {
        path: at + pointerSegment(String(error.params['missingProperty'])),
        message: 'This is required.',
      };
    case 'type': {
      const wanted = [error.params['type']].flat().map(String).map(typeName).join(' or ');
      return { path: at, message: `Expected ${wanted}, got ${nameOf(seen)}.` };
    }
    case 'enum': {
      const accepted = (error.params['allowedValues'] as unknown[]).map(String);
      const hint = typeof seen === 'string' ? didYouMean(seen, accepted) : '';
      return { path: at, message: `${show(seen)} is not one of ${accepted.join(', ')}.${hint}` };
    }
    case 'const':
      return { path: at, message: `Expected ${show(error.params['allowedValue'])}, got ${show(seen)}.` };
    case 'minLength':
      return {
        path: at,
        message: seen === '' ? 'This may not be empty.' : `This is too short: ${error.message}.`,
      };
    case 'format':
      return { path: at, message: `${show(seen)} is not a ${String(error.params['format'])}.` };
    case 'anyOf':
    case 'oneOf':
      return { path: at, message: `${show(seen)} is none of what is accepted here.` };
    default:
      return { path: at, message: `${show(seen)} ${error.message ?? 'breaks a rule'}.` };
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

export function typeName(type: string): string {
  return TYPE_NAMES[type] ?? type;
}

/** What kind of JSON value it is, in words. */
export function nameOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (isJsonObject(value)) return 'an object';
  if (typeof value === 'string') return 'text';
  return `${typeof value === 'number' ? 'the number ' : ''}${JSON.stringify(value)}`;
}

function show(value: unknown): string {
  if (typeof value !== 'string')
    return typeof value === 'object' ? nameOf(value) : (JSON.stringify(value) ?? 'nothing');
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
}
