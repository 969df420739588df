import { Type } from 'typebox';
import { isJsonObject } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import { losesItsText, remedy } from '../load/scalars.ts';
import { schemaErrors, uncompilable } from './ajv.ts';
import { field, type Check, type Field } from './field.ts';
import { faultsOf } from './messages.ts';
import { kindOf, show } from './show.ts';

export const TEXT = field(Type.String());
export const NAME = field(Type.String({ minLength: 1 }));
export const DURATION = field(
  Type.String({ format: 'sluice-duration', description: 'ISO 8601, for example PT30S, PT5M or P1D.' }),
);
export const BYTES = field(
  Type.Unsafe({
    type: ['integer', 'string'],
    minimum: 1,
    format: 'sluice-bytes',
    description: 'Bytes, for example 5MiB.',
  }),
);

/** Any value, every text in it a template. What the templates say is checked where they are read. */
export const TREE = field(
  Type.Unknown({ description: 'Any value; each text in it is a template.' }),
  () => {},
);

/** A condition (LANGUAGE 3). Its keys are checked where it is compiled. */
export const CONDITION = field(
  Type.Unsafe({
    type: ['string', 'object', 'boolean'],
    description: 'A template, or a map in which all must hold: status, body, headers, network, any.',
  }),
  () => {},
);

/** A map of which every value becomes text on the wire: a number that YAML read is given back as it was written. */
export function textMap(noun: string, description: string, also?: Check): Field {
  return field(Type.Unsafe({ type: 'object', description }), (node, pointer, report) => {
    if (typeof node === 'string' && node.includes('{{')) return;
    if (!isJsonObject(node)) {
      report.error(pointer, `${show(node)} is ${kindOf(node)}; ${noun} must be a map from names to values.`);
      return;
    }
    for (const [name, value] of Object.entries(node)) {
      const here = childPointer(pointer, name);
      const written = report.document.plainText(here);
      if (typeof value === 'number' && written !== undefined && losesItsText(written, value)) {
        report.error(
          here,
          `YAML reads ${written} as the number ${value}, and that is what would be sent. ${remedy(written)}`,
        );
      }
    }
    also?.(node, pointer, report);
  });
}

/** An author's JSON Schema of a map: of `input`, `connection`, `app`. */
export const OBJECT_SCHEMA = field(
  Type.Unsafe({ type: 'object', description: 'JSON Schema 2020-12 with title, secret, order and readOnly.' }),
  (node, pointer, report) => {
    if (!checkJsonSchema(node, pointer, report) || !isJsonObject(node)) return;
    if (node['type'] !== undefined && node['type'] !== 'object') {
      report.error(
        childPointer(pointer, 'type'),
        `${show(node['type'])} must be "object": this describes a map of named values.`,
      );
    }
  },
);

export const JSON_SCHEMA = field(
  Type.Unsafe({ type: 'object', description: 'JSON Schema 2020-12.' }),
  (node, pointer, report) => {
    checkJsonSchema(node, pointer, report);
  },
);

function checkJsonSchema(...[node, pointer, report]: Parameters<Check>): boolean {
  if (!isJsonObject(node)) {
    report.error(
      pointer,
      `${show(node)} is ${kindOf(node)}; this must be a JSON Schema, for example { type: object }.`,
    );
    return false;
  }
  const faults = faultsOf(schemaErrors(node));
  for (const { pointer: inner, message, onKey } of faults)
    report.error(pointer + inner, `In this JSON Schema: ${message}`, { onKey });
  if (faults.length > 0) return false;
  const unusable = uncompilable(node);
  if (unusable !== undefined) report.error(pointer, unusable);
  return unusable === undefined;
}
