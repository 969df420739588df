/** Where a filter cannot be read, and why. `at` counts UTF-16 units of its text. */
export class FilterFault extends Error {
  override readonly name = 'FilterFault';
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** What was written as a value. A quoted one stands for itself, whatever is in it. */
export interface Written {
  readonly text: string;
  readonly quoted: boolean;
  /** A `*` stands behind it. */
  readonly starred: boolean;
  readonly at: number;
}

export type Token = { readonly at: number } & (
  | { readonly kind: '(' | ')' | '-' | 'AND' | 'OR' }
  | { readonly kind: 'word'; readonly value: Written }
  | { readonly kind: 'field'; readonly name: string; readonly op: string; readonly value: Written }
);

const RUN = /[^\s()"]+/y;
const FIELD = /^([A-Za-z_]\w*):(>=|<=|>|<)?([^]*)$/;

/** Cuts a filter into its tokens. @throws FilterFault */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    const character = text[at]!;
    if (/\s/.test(character)) at += 1;
    else if (character === '(' || character === ')') tokens.push({ kind: character, at: at++ });
    else if (character === '-') {
      if (/^\s|^$|^\)/.test(text.slice(at + 1, at + 2)))
        throw new FilterFault('- negates the term right behind it, and there is none', at);
      tokens.push({ kind: '-', at: at++ });
    } else {
      const { token, end } = termAt(text, at);
      tokens.push(token);
      at = end;
    }
  }
  return tokens;
}

function termAt(text: string, at: number): { token: Token; end: number } {
  if (text[at] === '"') {
    const { value, end } = quotedAt(text, at);
    if (value.starred) throw new FilterFault(WORD_STAR, at);
    return { token: { kind: 'word', value, at }, end };
  }
  RUN.lastIndex = at;
  const run = RUN.exec(text)![0];
  const end = at + run.length;
  const [, name, op = '=', rest] = FIELD.exec(run) ?? [];
  if (name === undefined || rest === undefined) {
    checkEnd(text, end);
    if (run === 'OR' || run === 'AND') return { token: { kind: run, at }, end };
    if (run === 'NOT') return { token: { kind: '-', at }, end };
    if (run.includes('*')) throw new FilterFault(WORD_STAR, at);
    return { token: { kind: 'word', value: { text: run, quoted: false, starred: false, at }, at }, end };
  }
  if (rest === '' && text[end] === '"') {
    const quoted = quotedAt(text, end);
    return { token: { kind: 'field', name, op, value: quoted.value, at }, end: quoted.end };
  }
  checkEnd(text, end);
  if (rest === '') {
    throw new FilterFault(
      `a value is missing after ${run}; write ${name}:* for any value, ${name}:"" for an empty text`,
      end,
    );
  }
  const starred = rest.endsWith('*');
  const value = { text: starred ? rest.slice(0, -1) : rest, quoted: false, starred, at: end - rest.length };
  return { token: { kind: 'field', name, op, value, at }, end };
}

const WORD_STAR =
  '* is for fields (level:err*): a word is found within texts anyway. Put it in quotes to look for * itself';

/** A text in quotes, where `\"` and `\\` stand for `"` and `\`; every other backslash for itself. */
function quotedAt(text: string, at: number): { value: Written; end: number } {
  const [matched] = /^"(?:[^"\\]|\\[^])*"/.exec(text.slice(at)) ?? [];
  if (matched === undefined) throw new FilterFault('this quote is never closed', at);
  const starred = text[at + matched.length] === '*';
  const end = at + matched.length + (starred ? 1 : 0);
  checkEnd(text, end);
  const inner = matched.slice(1, -1).replace(/\\(["\\])/g, '$1');
  return { value: { text: inner, quoted: true, starred, at }, end };
}

/** A term goes on until a blank or a parenthesis that closes; what else stops it was meant to be part of it. */
function checkEnd(text: string, end: number): void {
  if (end >= text.length || /[\s)]/.test(text[end]!)) return;
  throw new FilterFault(
    `${text[end]} stands inside a term: leave a blank before it, or put the whole text in quotes`,
    end,
  );
}
