import { NotAQuery, refused, syntax } from './fault.ts';
import { tokenAt, tokenize, type Token } from './lexer.ts';
import { REFUSED_WORDS, STATEMENTS } from './words.ts';

/**
 * A query as the parser gets it: its tokens with one blank between, each text and each name in backticks replaced by
 * its number. So the parser reads no escape, comment or character that it might read in another way than we do.
 */
export interface NormalForm {
  readonly source: string;
  readonly tokens: readonly Token[];
  readonly text: string;
  /** The token that stands at a column (from 1) of `text`. */
  tokenAt(column: number): Token | undefined;
  /** Its index in `tokens`. */
  indexAt(column: number): number;
}

/** Throws where the text is not one statement that could be a query. */
export function normalize(source: string): NormalForm {
  // Before the rest is read: that another kind of statement is not accepted says more than what is wrong in it.
  checkFirst(tokenAt(source, 0));
  const tokens = singleStatement(tokenize(source));
  checkWords(tokens);
  const starts: number[] = [];
  let text = '';
  for (const [index, token] of tokens.entries()) {
    if (index > 0 && !touching(tokens, index)) text += ' ';
    starts.push(text.length + 1);
    text += written(token, index);
  }
  const indexAt = (column: number): number => starts.findLastIndex((start) => start <= column);
  return { source, tokens, text, indexAt, tokenAt: (column) => tokens[indexAt(column)] };
}

function written(token: Token, index: number): string {
  if (token.kind === 'text') return `'${index}'`;
  return token.kind === 'name' ? `\`${index}\`` : token.value;
}

/** `a.b` stays together: the parser reads `a .b` in another way. */
function touching(tokens: readonly Token[], index: number): boolean {
  const isDot = (token: Token): boolean => token.kind === 'symbol' && token.value === '.';
  return isDot(tokens[index]!) || isDot(tokens[index - 1]!);
}

function singleStatement(tokens: readonly Token[]): readonly Token[] {
  const end = tokens.findIndex(isEnd);
  if (end < 0) return tokens;
  const beyond = tokens.slice(end).find((token) => !isEnd(token));
  if (beyond) throw refused('a second statement begins here: send one SELECT at a time', beyond.start);
  return tokens.slice(0, end);
}

function isEnd({ kind, value }: Token): boolean {
  return kind === 'symbol' && value === ';';
}

function checkFirst(first: Token | undefined): void {
  if (!first || isEnd(first)) throw syntax('there is no statement: send one SELECT');
  const word = first.value.toUpperCase();
  if (first.kind === 'symbol' && word === '(') return;
  if (first.kind === 'word') {
    if (word === 'SELECT' || word === 'WITH') return;
    if (STATEMENTS.has(word)) {
      throw new NotAQuery(`${word} is not accepted: only queries are, which begin with SELECT or WITH`, first.start);
    }
  }
  throw syntax('a query begins with SELECT, WITH or (', first.start);
}

function checkWords(tokens: readonly Token[]): void {
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1];
    if (token.kind !== 'word' || before?.value === '.') continue;
    const word = token.value.toUpperCase();
    if (!REFUSED_WORDS.has(word)) continue;
    throw refused(`${word} is not accepted here; as a name it needs backticks`, token.start);
  }
}
