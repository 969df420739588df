import { tree } from '../compile/strict.ts';
import { encodeForm } from '../encode.ts';
import { ABSENT } from '../plan.ts';
import { textMap } from '../schema/basics.ts';
import type { Body } from './body.ts';

export const form: Body = {
  name: 'form',
  field: textMap('form', 'Fields of an application/x-www-form-urlencoded body.'),
  contentType: 'application/x-www-form-urlencoded',
  form: 'tree',
  compile(node, pointer) {
    const evaluate = tree(node, pointer);
    return (scope) => {
      const value = evaluate(scope);
      return value === ABSENT ? undefined : { text: encodeForm(value) };
    };
  },
};
