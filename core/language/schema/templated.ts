import type { Violation } from '../../kernel/errors.ts';
import { followPointer, isJsonObject, type JsonObject } from '../../kernel/json.ts';
import type { CompiledSchema } from '../plan.ts';
import { compileJsonSchema, type ErrorObject, type ValidateFunction } from './ajv.ts';
import { violationsOf, withoutReadOnly } from './compiled.ts';

/**
 * Validates a value some of whose texts are templates: those satisfy any schema, since what they will give is not
 * known yet. Everything else is checked. Defaults are not filled in.
 * @returns violations with JSON Pointers into `value`
 */
export function validateTemplated(schema: CompiledSchema, value: unknown): readonly Violation[] {
  let validate = validators.get(schema.json);
  if (!validate) {
    validate = compileJsonSchema(withoutReadOnly(schema.json), { fill: false });
    validators.set(schema.json, validate);
  }
  return validate(value) ? [] : violationsOf(untemplated([...(validate.errors ?? [])], value));
}

const validators = new WeakMap<JsonObject, ValidateFunction>();

const COMPOSING = ['anyOf', 'oneOf', 'not', 'if', 'contains'];
const COMPARING = ['const', 'enum', 'uniqueItems', 'minItems', 'maxItems'];

/** Leaves out the errors that templates are exempt from. */
export function untemplated(errors: readonly ErrorObject[], value: unknown): readonly ErrorObject[] {
  const exempt = errors.filter((error) => isExempt(error, value));
  const composed = exempt.filter(({ keyword }) => COMPOSING.includes(keyword));
  return errors.filter(
    (error) => !exempt.includes(error) && !composed.some((whole) => isInside(error, whole)),
  );
}

function isInside(error: ErrorObject, whole: ErrorObject): boolean {
  return (
    error.schemaPath.startsWith(`${whole.schemaPath}/`) && error.instancePath.startsWith(whole.instancePath)
  );
}

function isExempt({ keyword, instancePath, params }: ErrorObject, value: unknown): boolean {
  if (onTheWay(instancePath).some((pointer) => isTemplated(followPointer(value, pointer)))) return true;
  if (keyword === 'additionalProperties') return isTemplateText(params['additionalProperty']);
  if (COMPOSING.includes(keyword) || COMPARING.includes(keyword))
    return holdsTemplate(followPointer(value, instancePath));
  return false;
}

/** The pointer and all those above it. */
function onTheWay(pointer: string): string[] {
  const parts = pointer.split('/');
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

function isTemplateText(value: unknown): boolean {
  return typeof value === 'string' && value.includes('{{');
}

/** A leaf that is a template, a tree operator, or a map one of whose keys is a template. */
function isTemplated(value: unknown): boolean {
  if (isTemplateText(value)) return true;
  if (!isJsonObject(value)) return false;
  return Object.keys(value).some((key) => isTemplateText(key) || /^\$(?!\$)/.test(key));
}

function holdsTemplate(value: unknown): boolean {
  if (isTemplated(value)) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsTemplate);
}
