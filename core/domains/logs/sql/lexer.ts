import { refused, syntax } from './fault.ts';

/** One token of a query; `start` and `end` are places in its text. */
export interface Token {
  /** `word` is bare, `name` stood in backticks, `text` in quotes. */
  readonly kind: 'word' | 'name' | 'text' | 'number' | 'symbol';
  /** Decoded: without quotes, escapes resolved. Words and numbers as they were written. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

const BLANK = /[ \t\r\n]+/y;
const LINE_COMMENT = /(?:#|--(?=[ \t\r\n]|$))[^\n]*/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y;
const SYMBOL = /<=>|<>|!=|<=|>=|[(),.;*+\-/%=<>]/y;
/** `x'41'`, `b'1'`, `n'a'`, `_utf8'a'`: what precedes the quote changes what it means. */
const PREFIX = /^(?:[xbneqru]|_.*)$/i;

/** MySQL 8 reference manual, 9.1.1 "String Literals", table 9.1. `\%` and `\_` keep their backslash outside of it. */
const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  b: '\b',
  n: '\n',
  r: '\r',
  t: '\t',
  Z: '\x1a',
  '%': '\\%',
  _: '\\_',
};

/**
 * The tokens of a query as MySQL reads them, comments left out. Throws what no query may hold: comments that a server
 * would execute, variables, `||`, hexadecimal literals, control and non-ASCII characters outside quotes and comments.
 */
export function tokenize(text: string): readonly Token[] {
  const broken = text.search(/\p{Surrogate}/u);
  if (broken >= 0) throw syntax('half of a surrogate pair is no character', broken);
  const tokens: Token[] = [];
  for (let token = tokenAt(text, 0); token; token = tokenAt(text, token.end)) {
    const before = tokens.at(-1);
    if (token.kind === 'text' && before) checkBefore(before, token);
    tokens.push(token);
  }
  return tokens;
}

/** The first token at or behind a place, where there is one. @throws SqlFault as `tokenize` does */
export function tokenAt(text: string, place: number): Token | undefined {
  let at = place;
  for (let skipped = skip(text, at); skipped > at; skipped = skip(text, at)) at = skipped;
  return at < text.length ? next(text, at) : undefined;
}

function checkBefore(before: Token, token: Token): void {
  if (before.kind === 'text') throw refused('texts side by side are not joined: write one', token.start);
  if (before.kind === 'word' && before.end === token.start && PREFIX.test(before.value)) {
    throw refused(`a text with the prefix ${before.value} is not accepted: write it without`, before.start);
  }
}

/** The place behind the blanks or the comment that stand at `at`. */
function skip(text: string, at: number): number {
  const length = match(BLANK, text, at)?.length ?? match(LINE_COMMENT, text, at)?.length ?? 0;
  if (length > 0) return at + length;
  if (!text.startsWith('/*', at)) return at;
  if (/^\/\*(?:!|M!|\+)/i.test(text.slice(at, at + 4))) {
    throw refused(
      'comments that a server would execute (/*! ... */, /*M! ... */) and hints (/*+ ... */) are not accepted',
      at,
    );
  }
  const end = text.indexOf('*/', at + 2);
  if (end < 0) throw syntax('this comment has no end: */ is missing', at);
  return end + 2;
}

function next(text: string, at: number): Token {
  const first = text[at]!;
  if (first === "'" || first === '"' || first === '`') return quoted(text, at, first);
  const word = match(WORD, text, at);
  if (word) return { kind: 'word', value: word, start: at, end: at + word.length };
  const number = match(NUMBER, text, at);
  if (number) return numberToken(text, at, number);
  const symbol = match(SYMBOL, text, at);
  if (symbol && !/^(?:<<|>>)/.test(text.slice(at, at + 2))) {
    return { kind: 'symbol', value: symbol, start: at, end: at + symbol.length };
  }
  throw unaccepted(text, at);
}

function numberToken(text: string, at: number, number: string): Token {
  const end = at + number.length;
  if (/^0[xb]/i.test(text.slice(at, at + 2))) {
    throw refused('hexadecimal and binary literals are not accepted: write a decimal number or a text', at);
  }
  if (/[A-Za-z0-9_.$]/.test(text[end] ?? ' ')) {
    throw syntax(`${text.slice(at, end + 1)} is neither a number nor a name: a name like this needs backticks`, at);
  }
  return { kind: 'number', value: number.startsWith('.') ? `0${number}` : number, start: at, end };
}

function quoted(text: string, start: number, quote: string): Token {
  const isName = quote === '`';
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]!;
    if (char === quote && text[at + 1] === quote) {
      value += quote;
      at += 1;
    } else if (char === quote) {
      if (isName && value === '') throw syntax('a name in backticks cannot be empty', start);
      return { kind: isName ? 'name' : 'text', value, start, end: at + 1 };
    } else if (char === '\\' && !isName && at + 1 < text.length) {
      at += 1;
      value += ESCAPES[text[at]!] ?? text[at]!;
    } else {
      value += char;
    }
  }
  throw syntax(`this ${isName ? 'name' : 'text'} has no end: ${quote} is missing`, start);
}

const REASONS: Readonly<Record<string, string>> = {
  '@': 'variables (@name, @@name) are not accepted',
  '|': '|| and | are not accepted: write OR',
  '&': '&& and & are not accepted: write AND',
  '!': '! is not accepted: write NOT',
  ':': 'assignments, casts and named parameters are not accepted',
  '?': 'parameters are not accepted: write the value',
};

function unaccepted(text: string, at: number): Error {
  const char = String.fromCodePoint(text.codePointAt(at)!);
  const reason = REASONS[char];
  if (reason) return refused(reason, at);
  const code = `U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
  const shown = /^[!-~]$/.test(char) ? char : code;
  return refused(
    `${shown} is not accepted outside quotes and comments: put a name that holds it in backticks, a text in quotes`,
    at,
  );
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
