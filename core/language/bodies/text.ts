import { StepFault } from '../../kernel/errors.ts';
import { leaf } from '../compile/strict.ts';
import { ABSENT } from '../plan.ts';
import { TEXT } from '../schema/basics.ts';
import { asText, kindOf } from '../schema/show.ts';
import type { Body } from './body.ts';

export const text: Body = {
  name: 'text',
  field: TEXT,
  contentType: 'text/plain; charset=utf-8',
  form: 'leaf',
  compile(node, pointer) {
    const evaluate = leaf(asText(node));
    return (scope) => {
      const value = evaluate(scope);
      if (value === ABSENT || value === null) return undefined;
      if (typeof value === 'object') {
        throw new StepFault(
          'config',
          `${pointer}: the body must be text, and ${asText(node)} gave ${kindOf(value)}. Use join or json.`,
        );
      }
      return { text: String(value) };
    };
  },
};
