import type { Token } from './lexer.ts';
import type { NormalForm } from './normal-form.ts';

const ENDS: ReadonlySet<string> = new Set(['FROM', 'WHERE', 'GROUP', 'HAVING', 'ORDER', 'LIMIT', 'UNION']);

/** The elements of the list after the SELECT that stands at a place of the source, as they were written. */
export function labelsOf({ tokens, source }: NormalForm, at: number): readonly string[] {
  let index = tokens.findIndex(({ start }) => start === at) + 1;
  while (isWord(tokens[index], 'DISTINCT') || isWord(tokens[index], 'ALL')) index += 1;
  const labels: string[] = [];
  let first = index;
  const add = (end: number): void => {
    const [from, to] = [tokens[first], tokens[end - 1]];
    labels.push(from && to && end > first ? source.slice(from.start, to.end) : '');
    first = end + 1;
  };
  for (let depth = 0; ; index++) {
    const token = tokens[index];
    const opens = isSymbol(token, '(');
    const closes = isSymbol(token, ')');
    if (!token || (depth === 0 && (closes || isEnd(tokens, index)))) {
      add(index);
      return labels;
    }
    depth += (opens ? 1 : 0) - (closes ? 1 : 0);
    if (depth === 0 && isSymbol(token, ',')) add(index);
  }
}

function isEnd(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index]!;
  return token.kind === 'word' && ENDS.has(token.value.toUpperCase()) && !isSymbol(tokens[index - 1], '.');
}

const isSymbol = (token: Token | undefined, value: string): boolean => token?.kind === 'symbol' && token.value === value;
const isWord = (token: Token | undefined, word: string): boolean =>
  token?.kind === 'word' && token.value.toUpperCase() === word;
