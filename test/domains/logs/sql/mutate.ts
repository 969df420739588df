import { tokenize } from '../../../../core/domains/logs/sql/lexer.ts';
import type { Random } from '../../../support/random.ts';

const OPERATORS = ['=', '<', '<=>', '+', '-', '*', '/', '%', 'AND', 'OR', 'IS NULL AND', '<>', 'LIKE', 'IS TRUE =', 'NOT', '- -', 'IN (1) ='];

/** A query with one to three of its tokens taken out, doubled, swapped or made an operator, and parentheses lost. */
export function mutate(text: string, random: Random): string {
  const tokens = tokenize(text).map(({ start, end }) => text.slice(start, end));
  for (let i = 1 + random.below(3); i > 0; i--) change(tokens, random);
  return tokens.join(' ');
}

function change(tokens: string[], random: Random): void {
  const at = random.below(tokens.length);
  switch (random.below(6)) {
    case 0:
      tokens.splice(at, 1);
      break;
    case 1:
      tokens.splice(at, 0, tokens[random.below(tokens.length)]!);
      break;
    case 2:
      tokens.splice(at, 1, tokens[random.below(tokens.length)]!);
      break;
    case 3:
      replaceOperator(tokens, random);
      break;
    default:
      dropParentheses(tokens, random);
  }
}

function replaceOperator(tokens: string[], random: Random): void {
  const places = tokens.flatMap((token, index) => (OPERATORS.includes(token.toUpperCase()) ? [index] : []));
  if (places.length > 0) tokens[random.pick(places)] = random.pick(OPERATORS);
}

/** A pair of them: what it held may now mean something else. */
function dropParentheses(tokens: string[], random: Random): void {
  const opening = tokens.flatMap((token, index) => (token === '(' ? [index] : []));
  if (opening.length === 0) return;
  const start = random.pick(opening);
  let depth = 0;
  const length = tokens.slice(start).findIndex((token) => {
    depth += token === '(' ? 1 : token === ')' ? -1 : 0;
    return depth === 0;
  });
  if (length < 0) return;
  tokens.splice(start + length, 1);
  tokens.splice(start, 1);
}
