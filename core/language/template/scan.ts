import { TemplateError } from './template-error.ts';
import { EXPRESSION_LIMIT, LEAF_LIMIT, NESTING_LIMIT } from './limits.ts';
import { refuseOpening } from './refusals.ts';

export type Piece =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'expression';
      /** Between the braces. */
      readonly inner: string;
      /** `inner` with the insides of quoted text and of `[...]` replaced by `x`: what can be checked word by word. */
      readonly masked: string;
      /** Written with three braces. */
      readonly raw: boolean;
      /** Offset of the first brace, and of `inner`, in the leaf. */
      readonly at: number;
      readonly innerAt: number;
    };

export type ExpressionPiece = Extract<Piece, { type: 'expression' }>;

/**
 * Splits a leaf into text and expressions, in time linear in its length. Handlebars then reads one expression at a
 * time, none of them long or deep: over a whole leaf its parser is quadratic. A backslash before the braces makes
 * them text (`\{{`), two stand for one before an expression, as in Handlebars.
 * @throws TemplateError
 */
export function scan(text: string): Piece[] {
  if (text.length > LEAF_LIMIT || (text.length > LEAF_LIMIT / 3 && Buffer.byteLength(text) > LEAF_LIMIT)) {
    throw new TemplateError(
      `This text is ${Buffer.byteLength(text)} bytes; a leaf takes ${LEAF_LIMIT} at most. Split it over several values.`,
      0,
    );
  }
  const pieces: Piece[] = [];
  let literal = '';
  let from = 0;
  for (;;) {
    const at = text.indexOf('{{', from);
    if (at < 0) break;
    const before = text.slice(from, at);
    if (before.endsWith('\\') && !before.endsWith('\\\\')) {
      literal += `${before.slice(0, -1)}{{`;
      from = at + 2;
      continue;
    }
    literal += before.endsWith('\\\\') ? before.slice(0, -1) : before;
    if (literal) pieces.push({ type: 'text', text: literal });
    literal = '';
    const expression = scanExpression(text, at);
    pieces.push(expression);
    from = expression.innerAt + expression.inner.length + (expression.raw ? 3 : 2);
  }
  literal += text.slice(from);
  if (literal) pieces.push({ type: 'text', text: literal });
  return pieces;
}

function scanExpression(text: string, at: number): ExpressionPiece {
  refuseOpening(text, at);
  const raw = text.startsWith('{{{', at);
  const innerAt = at + (raw ? 3 : 2);
  const close = raw ? '}}}' : '}}';
  let masked = '';
  let depth = 0;
  for (let i = innerAt; ; i++) {
    if (i - innerAt > EXPRESSION_LIMIT) throw tooLong(at);
    const char = text[i];
    if (char === undefined) {
      throw new TemplateError(
        `"${text.slice(at, at + 40)}" is not closed; end it with "${close}", or write "\\{{" for the braces themselves.`,
        at,
      );
    }
    if (char === '"' || char === "'" || char === '[') {
      const end = closing(text, i, at);
      masked += char + 'x'.repeat(end - i - 1) + text[end]!;
      i = end;
      continue;
    }
    if (char === '}' && text[i + 1] === '}') {
      const inner = text.slice(innerAt, i);
      checkClosed(text, { at, i, raw, inner });
      return { type: 'expression', inner, masked, raw, at, innerAt };
    }
    if (char === '(' && ++depth > NESTING_LIMIT) {
      throw new TemplateError(
        `Parentheses are nested deeper than ${NESTING_LIMIT} levels; name a part of it in a \`set\` step.`,
        i,
      );
    }
    if (char === ')') depth--;
    masked += char;
  }
}

function checkClosed(text: string, seen: { at: number; i: number; raw: boolean; inner: string }): void {
  const { at, i, raw, inner } = seen;
  if (raw && text[i + 2] !== '}') {
    throw new TemplateError(`"${text.slice(at, i + 2)}" opens with three braces and closes with two.`, at);
  }
  if (Buffer.byteLength(inner) > EXPRESSION_LIMIT) throw tooLong(at);
  if (inner.trim() === '') {
    throw new TemplateError('The expression is empty; name a value, for example {{ input.name }}.', at);
  }
}

/** Where a quoted text or a `[key]` ends. A backslash before the closing mark makes it part of the text. */
function closing(text: string, from: number, at: number): number {
  const mark = text[from] === '[' ? ']' : text[from];
  for (let i = from + 1; i < text.length; i++) {
    if (i - at > EXPRESSION_LIMIT + 3) throw tooLong(at);
    if (text[i] === '\\' && text[i + 1] === mark) i++;
    else if (text[i] === mark) return i;
  }
  throw new TemplateError(`The ${text[from]} that opens here is never closed by ${mark}.`, from);
}

function tooLong(at: number): TemplateError {
  return new TemplateError(
    `An expression takes ${EXPRESSION_LIMIT} bytes at most; name a part of it in a \`set\` step.`,
    at,
  );
}
