import { tree } from '../compile/strict.ts';
import { ABSENT } from '../plan.ts';
import { TREE } from '../schema/basics.ts';
import type { Body } from './body.ts';

export const json: Body = {
  name: 'json',
  field: TREE,
  contentType: 'application/json',
  form: 'tree',
  compile(node, pointer) {
    const evaluate = tree(node, pointer);
    return (scope) => {
      const value = evaluate(scope);
      return value === ABSENT ? undefined : { text: JSON.stringify(value) };
    };
  },
};
