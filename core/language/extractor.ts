import { Type } from 'typebox';
import { followPointer, type Json } from '../kernel/json.ts';
import { nearest } from '../kernel/suggest.ts';
import { ABSENT, type AnswerView, type Scope } from './plan.ts';
import { checkSchema, field } from './schema/field.ts';
import { show } from './schema/show.ts';
import { parseLeaf, type Reference } from './template/leaf.ts';

const TEXT = Type.String({ description: 'A JSON Pointer into the body, or a template.' });

/** Text: a JSON Pointer into the answer's body where it begins with `/`, a template otherwise. */
export const EXTRACTOR = field(TEXT, (node, pointer, report) => {
  if (typeof node !== 'string') checkSchema(TEXT, node, pointer, report);
  else if (!node.startsWith('/') && !node.includes('{{')) report.error(pointer, notAnExtractor(node));
});

function notAnExtractor(text: string): string {
  const body = text.replace(/^\$?\.?(?:response\.)?(?:body\.)?/, '');
  const guess = /^[\w-]+(?:\.[\w-]+|\[\d+\])*$/.test(body)
    ? `/${body.replaceAll(/\[(\d+)\]/g, '.$1').replaceAll('.', '/')}`
    : undefined;
  const special = nearest(text, ['status', 'headers']);
  const meant = special && text.length > 3 ? ` or "{{ response.${special} }}"` : '';
  return `${show(text)} is neither a JSON Pointer nor a template. Write ${guess ? `"${guess}"` : 'a pointer such as "/id"'}${meant}.`;
}

/** A compiled extractor. A miss is absent, never an error. */
export function compileExtractor(text: string): (scope: Scope, answer: AnswerView) => Json | typeof ABSENT {
  if (text.startsWith('/')) {
    return (_, answer) => {
      const found = followPointer(answer.body, text);
      return found === undefined ? ABSENT : (found as Json);
    };
  }
  const leaf = parseLeaf(text);
  const bare = leaf.references.filter(({ guarded }) => !guarded);
  return (scope, answer) => {
    const seen = { ...scope, response: answer };
    return bare.every((reference) => isThere(reference, seen)) ? leaf.evaluate(seen) : ABSENT;
  };
}

function isThere({ path }: Reference, scope: Scope): boolean {
  let here: unknown = scope;
  for (const name of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, name)) return false;
    here = (here as Readonly<Record<string, unknown>>)[name];
  }
  return here !== undefined;
}
