import { Type } from 'typebox';
import { StepFault } from '../../kernel/errors.ts';
import { isJsonObject } from '../../kernel/json.ts';
import { leaf } from '../compile/strict.ts';
import { ABSENT } from '../plan.ts';
import { checkSchema, field, notYet } from '../schema/field.ts';
import type { Body } from './body.ts';
import { asText } from '../schema/show.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
const SCHEMA = Type.String({ description: 'Base64 (RFC 4648, section 4), or a template that gives it.' });

export const bytes: Body = {
  name: 'bytes',
  field: field(SCHEMA, (node, pointer, report) => {
    if (isJsonObject(node))
      report.error(pointer, notYet('A file as "bytes"', 'write the bytes as base64 text.'));
    else if (typeof node !== 'string') checkSchema(SCHEMA, node, pointer, report);
    else if (!node.includes('{{') && !BASE64.test(node))
      report.error(pointer, 'The bytes must be base64 text (A-Z a-z 0-9 + / =).');
  }),
  contentType: 'application/octet-stream',
  form: 'leaf',
  compile(node, pointer) {
    const evaluate = leaf(asText(node));
    return (scope) => {
      const value = evaluate(scope);
      if (value === ABSENT || value === null) return undefined;
      if (typeof value !== 'string' || !BASE64.test(value)) {
        throw new StepFault(
          'config',
          `${pointer}: the bytes must be base64 text, and what ${asText(node)} gave is not. Use the helper base64.`,
        );
      }
      return { base64: value };
    };
  },
};
