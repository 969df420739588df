import { Type, type TSchema } from 'typebox';
import { isJsonObject, type Json } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import type { Report } from '../report.ts';
import { errorsOf } from './ajv.ts';
import { faultsOf, unknownKey } from './messages.ts';
import { kindOf, show } from './show.ts';

/** Reports what is wrong with a value at a place of the file. */
export type Check = (node: Json, pointer: string, report: Report) => void;

/** One key of the language: its JSON Schema for editors, and how it is checked where that needs better words. */
export interface Field {
  readonly schema: TSchema;
  /** Left out: the schema itself is the check. */
  readonly check?: Check;
  readonly required?: boolean;
  /** Part of the language, but not of this version: what to do meanwhile. */
  readonly planned?: string;
}

export type Fields = Readonly<Record<string, Field>>;

export function field(schema: TSchema, check?: Check): Field {
  return check ? { schema, check } : { schema };
}

export function required(inner: Field): Field {
  return { ...inner, required: true };
}

/** A key that the language has and this version does not. `instead` says what to do, as a sentence. */
export function planned(instead: string): Field {
  return { schema: Type.Unknown({ description: 'Not supported by this version yet.' }), planned: instead };
}

export function checkField(inner: Field, node: Json, pointer: string, report: Report): void {
  if (inner.planned !== undefined) {
    report.error(pointer, notYet(`"${pointer.slice(pointer.lastIndexOf('/') + 1)}"`, inner.planned), {
      onKey: true,
    });
  } else if (inner.check) {
    inner.check(node, pointer, report);
  } else {
    checkSchema(inner.schema, node, pointer, report);
  }
}

/** The one sentence for what the language has and this version does not do. */
export function notYet(what: string, instead: string): string {
  return `${what} is part of the language but not supported by this version yet; ${instead}`;
}

export function checkSchema(
  schema: TSchema,
  node: Json,
  pointer: string,
  report: Report,
  noun?: string,
): void {
  const faults = faultsOf(errorsOf(schema, node), {
    ...(noun === undefined ? {} : { noun }),
    plainText: (inner) => report.document.plainText(pointer + inner),
  });
  for (const { pointer: inner, message, onKey } of faults) report.error(pointer + inner, message, { onKey });
}

/** A map of known keys. `noun` is what it is called in messages: `a step`. */
export function mapOf(noun: string, fields: Fields, also?: Check): Field {
  return {
    schema: mapSchema(fields),
    check(node, pointer, report) {
      checkMap(noun, fields, node, pointer, report);
      if (isJsonObject(node)) also?.(node, pointer, report);
    },
  };
}

export function mapSchema(fields: Fields): TSchema {
  const properties: Record<string, TSchema> = {};
  for (const [name, inner] of Object.entries(fields)) {
    if (inner.planned === undefined)
      properties[name] = inner.required ? inner.schema : Type.Optional(inner.schema);
  }
  return Type.Object(properties, { additionalProperties: false });
}

export function checkMap(noun: string, fields: Fields, node: Json, pointer: string, report: Report): void {
  if (!isJsonObject(node)) {
    const accepted = acceptedNames(fields).join(', ');
    report.error(pointer, `${show(node)} is ${kindOf(node)}; ${noun} must be a map of: ${accepted}.`);
    return;
  }
  for (const [key, value] of Object.entries(node)) {
    const inner = Object.hasOwn(fields, key) ? fields[key] : undefined;
    const here = childPointer(pointer, key);
    if (inner) checkField(inner, value, here, report);
    else report.error(here, unknownKey(key, acceptedNames(fields), noun), { onKey: true });
  }
  for (const [name, inner] of Object.entries(fields)) {
    if (inner.required && !Object.hasOwn(node, name)) {
      report.error(pointer, `"${name}" is missing; ${noun} needs it.`, { onKey: true });
    }
  }
}

function acceptedNames(fields: Fields): string[] {
  return Object.keys(fields).filter((name) => fields[name]?.planned === undefined);
}

interface NameRules {
  readonly names: RegExp;
  /** What a name is, for a message. */
  readonly advice: string;
}

const LOOSE_NAMES: NameRules = {
  names: /^[A-Za-z_][\w-]*$/,
  advice: 'names are of letters, digits, "_" and "-", and begin with a letter',
};

/** A map from names that the author chooses to values of one kind. */
export function namedValues(noun: string, inner: Field, { names, advice }: NameRules = LOOSE_NAMES): Field {
  return {
    schema: Type.Record(Type.String({ pattern: names.source }), inner.schema),
    check(node, pointer, report) {
      if (!isJsonObject(node)) {
        report.error(
          pointer,
          `${show(node)} is ${kindOf(node)}; ${noun} must be a map from names to values.`,
        );
        return;
      }
      for (const [name, value] of Object.entries(node)) {
        const here = childPointer(pointer, name);
        if (!names.test(name)) report.error(here, `"${name}" cannot be a name; ${advice}.`, { onKey: true });
        checkField(inner, value, here, report);
      }
    },
  };
}

export function listOf(noun: string, inner: Field, options: { least?: number } = {}): Field {
  const least = options.least ?? 0;
  return {
    schema: Type.Array(inner.schema, least ? { minItems: least } : {}),
    check(node, pointer, report) {
      if (!Array.isArray(node)) {
        report.error(pointer, `${show(node)} is ${kindOf(node)}; ${noun} must be a list.`);
        return;
      }
      if (node.length < least)
        report.error(
          pointer,
          `${noun} must not be empty.`.replace(/^./, (c) => c.toUpperCase()),
        );
      for (const [i, value] of (node as readonly Json[]).entries())
        checkField(inner, value, childPointer(pointer, i), report);
    },
  };
}
