import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { parseDuration } from '../../kernel/duration.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { parseByteSize } from './byte-size.ts';

export type { ErrorObject, ValidateFunction };

// ajv-formats is CommonJS: its function is the module itself, and `default` besides.
const addFormats = formats.default;

/** JSON Schema 2020-12. Nothing is coerced; defaults are filled in, so validate a copy. */
function create(useDefaults: boolean): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, allErrors: true, verbose: true, useDefaults, logger: false });
  addFormats(ajv);
  ajv.addFormat('sluice-duration', (text: string) => parseDuration(text) !== undefined);
  ajv.addFormat('sluice-bytes', (text: string) => parseByteSize(text) !== undefined);
  return ajv;
}

const filling = create(true);
const checking = create(false);

/**
 * Compiles an author's JSON Schema. Throws with ajv's words where it is none; ask `schemaErrors` first.
 * Schemas with an `$id` get an instance of their own, since names are global to one.
 */
export function compileJsonSchema(schema: JsonObject, options: { fill: boolean }): ValidateFunction {
  const shared = options.fill ? filling : checking;
  const ajv = JSON.stringify(schema).includes('"$id"') ? create(options.fill) : shared;
  const validate = ajv.compile(schema);
  // What is compiled stays with its caller; the instance need not keep it.
  ajv.removeSchema(schema);
  return validate;
}

/** What is wrong with an author's JSON Schema as a schema. */
export function schemaErrors(schema: unknown): readonly ErrorObject[] {
  if (checking.validateSchema(schema as object) === true) return [];
  const errors = [...(checking.errors ?? [])];
  // `type` may be a name or a list of names: where a name is wrong, that it is no list is beside the point.
  const misnamed = new Set(
    errors.filter(({ keyword }) => keyword === 'enum').map(({ instancePath }) => instancePath),
  );
  return errors.filter(({ keyword, instancePath }) => keyword === 'enum' || !misnamed.has(instancePath));
}

/** Why a schema that is well formed cannot be used all the same: a `$ref` to nothing, a keyword of an old draft. */
export function uncompilable(schema: JsonObject): string | undefined {
  try {
    compileJsonSchema(schema, { fill: true });
    return undefined;
  } catch (error) {
    return `This JSON Schema cannot be used: ${messageOf(error).replace(/\.$/, '')}.`;
  }
}

/** Checks a value against one of the language's own schemas, compiled once each. */
export function errorsOf(schema: object, value: unknown): readonly ErrorObject[] {
  let validate = own.get(schema);
  if (!validate) {
    validate = checking.compile(schema);
    own.set(schema, validate);
  }
  return validate(value) ? [] : [...(validate.errors ?? [])];
}

const own = new WeakMap<object, ValidateFunction>();
