import { StepFault } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/json.ts';
import { tree } from '../compile/strict.ts';
import { ABSENT } from '../plan.ts';
import { TREE } from '../schema/basics.ts';
import { kindOf } from '../schema/show.ts';
import type { Body } from './body.ts';

/** A list, each item on a line of its own, the last line ended too. */
export const ndjson: Body = {
  name: 'ndjson',
  field: TREE,
  contentType: 'application/x-ndjson',
  form: 'tree',
  compile(node, pointer) {
    const evaluate = tree(node, pointer);
    return (scope) => {
      const value = evaluate(scope);
      if (value === ABSENT) return undefined;
      if (!Array.isArray(value)) {
        throw new StepFault(
          'config',
          `${pointer}: ndjson must be a list, a line for each item, and it is ${kindOf(value)}.`,
        );
      }
      return { text: (value as readonly Json[]).map((item) => `${JSON.stringify(item)}\n`).join('') };
    };
  },
};
