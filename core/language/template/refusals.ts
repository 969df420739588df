import { TemplateError } from './template-error.ts';

/**
 * What Handlebars has and this language has not. Each is refused by name with what to write instead: most authors
 * know it from elsewhere.
 */
const OPENINGS: readonly { readonly starts: RegExp; readonly what: string; readonly instead: string }[] = [
  { starts: /^\{\{\{\{/, what: 'Raw blocks are', instead: 'write "\\{{" for braces that are text.' },
  { starts: /^\{\{\{?~/, what: 'Whitespace control is', instead: 'leave the "~" out: no blanks are added.' },
  {
    starts: /^\{\{\{?\s*[#^/]|^\{\{\{?\s*else\b/,
    what: 'Blocks are',
    instead: 'use the helper {{ if condition "a" "b" }}, or a tree with $if or $map.',
  },
  {
    starts: /^\{\{\{?\s*>/,
    what: 'Partials are',
    instead: 'write the value where it is used, or name it in a `set` step.',
  },
  { starts: /^\{\{\{?\s*\*/, what: 'Decorators are', instead: 'use a helper of the closed list.' },
  {
    starts: /^\{\{\{?\s*!/,
    what: 'Comments in templates are',
    instead: 'write a YAML comment (#) beside the key.',
  },
  { starts: /^\{\{\{?\s*&/, what: '"{{&" is', instead: 'write {{ x }}: nothing is HTML-escaped.' },
];

/** Throws where the braces at `at` open something other than an expression. */
export function refuseOpening(text: string, at: number): void {
  const head = text.slice(at, at + 40);
  for (const { starts, what, instead } of OPENINGS) {
    if (starts.test(head)) throw new TemplateError(`${what} refused; ${instead}`, at);
  }
}

const OPERATORS: Readonly<Record<string, string>> = {
  '==': 'eq a b',
  '===': 'eq a b',
  '!=': 'ne a b',
  '!==': 'ne a b',
  '<': 'lt a b',
  '<=': 'lte a b',
  '>': 'gt a b',
  '>=': 'gte a b',
  '&&': 'and a b',
  '||': 'or a b',
  '!': 'not a',
  '??': 'default a b',
  '?': 'if condition a b',
  ':': 'if condition a b',
  '+': 'add a b',
  '-': 'subtract a b',
  '*': 'multiply a b',
  '/': 'divide a b',
  '|': 'helper a',
};

const NUMBER = /^-?\d+(?:\.\d+)?$/;
const WORD = /[^\s()]+/g;

/**
 * Looks at an expression word by word for what the language refuses and for what other languages write.
 * @param inner the expression; `masked` the same with quoted text and `[keys]` masked
 * @param at offset of the expression in its leaf
 */
export function refuseWords(inner: string, masked: string, at: number): void {
  for (const match of masked.matchAll(WORD)) {
    const word = match[0];
    if (NUMBER.test(word) || /^["']/.test(word)) continue;
    const written = inner.slice(match.index, match.index + word.length);
    const wrong =
      refuseOperator(word, written) ??
      refuseContext(word, written) ??
      refusePath(word, written) ??
      (masked[match.index + word.length] === '(' ? callSyntax(written) : undefined);
    if (wrong !== undefined) throw new TemplateError(wrong, at + match.index);
  }
}

function callSyntax(word: string): string {
  return `"${word}(" is no call here; a helper stands before its arguments, inside parentheses where it is nested: \`(${word} x)\`.`;
}

/** Operators, hash arguments and commas. */
function refuseOperator(word: string, written: string): string | undefined {
  if (Object.hasOwn(OPERATORS, word)) return noOperator(word);
  if (word.includes('~')) return 'Whitespace control is refused; leave the "~" out: no blanks are added.';
  if (word.includes(',')) return `Arguments are separated by blanks; leave the comma of "${written}" out.`;
  const operator = /[=!<>|&+*]+/.exec(word)?.[0];
  if (operator === '=') return `Hash arguments ("${written}") are refused; arguments go by position.`;
  return operator === undefined ? undefined : noOperator(operator);
}

function noOperator(operator: string): string {
  const instead = OPERATORS[operator] ?? 'helper argument argument';
  return `There is no operator "${operator}"; helpers come first: \`${instead}\`.`;
}

/** `this`, `../`, `@data` and `undefined`. */
function refuseContext(word: string, written: string): string | undefined {
  if (word.startsWith('@')) return `"${written}" is refused: there is no @data; name the variable itself.`;
  if (word.includes('..')) {
    return `"${written}" is refused: there is no parent context; name the variable itself.`;
  }
  if (/^(?:this|\.)(?:$|[./])/.test(word)) {
    return `"${written}" is refused: there is no \`this\`; name the variable, for example \`item\` or \`input.name\`.`;
  }
  if (word === 'undefined') return '"undefined" is no value; write `null`, or drop the key with `optional`.';
  return undefined;
}

/** Paths as other languages write them: `x.0`, `x[0]`, `x/y`, `x.true`. */
function refusePath(word: string, written: string): string | undefined {
  if (word.includes('/')) {
    return `"${written}" is refused: members are separated by "."; odd keys go in brackets, \`x.[a/b]\`.`;
  }
  if (/[^.]\[/.test(word)) {
    return `"${written}" is refused: an item of a list is \`x.[0]\`, with a dot before the bracket.`;
  }
  const parts = word.split('.');
  const odd = parts.findIndex((part, i) => i > 0 && /^(?:-?\d+|this|true|false|null|undefined)$/.test(part));
  if (odd < 0) return undefined;
  const start = parts.slice(0, odd).join('.').length + 1;
  const end = start + parts[odd]!.length;
  const remedy = `${written.slice(0, start)}[${parts[odd]}]${written.slice(end)}`;
  return `"${written}" is refused: write \`${remedy}\`.`;
}
