import { StepFault } from '../../kernel/errors.ts';
import { ABSENT, type Evaluator, type Scope } from '../plan.ts';
import { compile, tooLong } from './compile.ts';
import { type Node, parseExpression } from './expression.ts';
import { TEXT_LIMIT } from './limits.ts';
import { type ExpressionPiece, type Piece, scan } from './scan.ts';
import { TemplateError } from './template-error.ts';
import { type Closure, type Value, show } from './values.ts';

export { TemplateError };

/** A variable that a template names. */
export interface Reference {
  /** `x.[0].[a.b]` is `['x', '0', 'a.b']`. */
  readonly path: readonly string[];
  /** Inside `optional default if and or not`, at any depth: it may be absent. */
  readonly guarded: boolean;
  /** Where it stands in the leaf's text, in UTF-16 units. */
  readonly offset: number;
  /** As written. */
  readonly text: string;
}

export interface Leaf {
  /** A literal has no expression; an expression is exactly one and keeps its type; all others give text. */
  readonly shape: 'literal' | 'expression' | 'text';
  /** The text of a literal, with `\{{` read as braces. */
  readonly literal?: string;
  readonly evaluate: Evaluator;
  readonly references: readonly Reference[];
  /** Names of the helpers called. */
  readonly helpers: readonly string[];
  readonly startsWithExpression: boolean;
}

export interface LeafOptions {
  /** `{{{x}}}` is accepted: only in `path`. */
  readonly raw?: 'allowed';
  /**
   * Makes text of each inserted value, by its place. An absent one comes as `null`.
   * @param at offset of the expression in the leaf
   */
  readonly encode?: (value: unknown, raw: boolean, expression: string, at: number) => string;
  /** `drop`: every value may be absent, as in a form action's `input`. Otherwise it fails the step. */
  readonly absent?: 'drop';
}

interface Part {
  readonly evaluate: Closure;
  readonly text: string;
  readonly piece: ExpressionPiece;
}

/**
 * Compiles one leaf of a definition.
 * @throws TemplateError
 */
export function parseLeaf(text: string, options: LeafOptions = {}): Leaf {
  const pieces = scan(text);
  const [first] = pieces;
  if (!first || (pieces.length === 1 && first.type === 'text'))
    return literalLeaf(first?.type === 'text' ? first.text : '');
  const references: Reference[] = [];
  const helpers = new Set<string>();
  const parts = pieces.map((piece): Part | string => {
    if (piece.type === 'text') return piece.text;
    if (piece.raw && options.raw !== 'allowed') {
      throw new TemplateError(
        'Three braces are refused outside `path`, where they keep "/"; write {{ x }}: nothing is HTML-escaped.',
        piece.at,
      );
    }
    const node = parseExpression(piece);
    collect(node, false, references, helpers);
    return { evaluate: compile(node, options.absent === 'drop'), text: nodeText(node), piece };
  });
  return {
    shape: pieces.length === 1 ? 'expression' : 'text',
    evaluate: evaluator(parts, options),
    references,
    helpers: [...helpers],
    startsWithExpression: isExpression(first),
  };
}

function literalLeaf(literal: string): Leaf {
  return {
    shape: 'literal',
    literal,
    evaluate: () => literal,
    references: [],
    helpers: [],
    startsWithExpression: false,
  };
}

function isExpression(piece: Piece): piece is ExpressionPiece {
  return piece.type === 'expression';
}

function nodeText(node: Node): string {
  return node.text;
}

function evaluator(parts: readonly (Part | string)[], { encode }: LeafOptions): Evaluator {
  const [only] = parts;
  if (parts.length === 1 && typeof only === 'object' && !encode) return only.evaluate;
  const insert = encode
    ? (part: Part, value: Value) =>
        encode(value === ABSENT ? null : value, part.piece.raw, part.text, part.piece.at)
    : (part: Part, value: Value) => textOf(value, part.text);
  return (scope: Scope) => {
    let out = '';
    for (const part of parts) {
      out += typeof part === 'string' ? part : insert(part, part.evaluate(scope));
      if (out.length > TEXT_LIMIT) throw tooLong(typeof part === 'string' ? '...' : part.text);
    }
    return out;
  };
}

/** A value inside text: null and absent ones are nothing, lists and maps are refused. */
function textOf(value: Value, expression: string): string {
  if (typeof value === 'string') return value;
  if (value === ABSENT || value === null) return '';
  if (typeof value !== 'object') return String(value);
  const remedy = Array.isArray(value) ? '`join` or `json`' : '`json`';
  throw new StepFault(
    'config',
    `{{ ${expression} }} is ${show(value)}, and stands inside text, which takes text, numbers and booleans. Use ${remedy}, or let the expression be the whole value.`,
  );
}

function collect(node: Node, guarded: boolean, references: Reference[], helpers: Set<string>): void {
  if (node.type === 'path')
    references.push({ path: node.path, guarded, offset: node.offset, text: node.text });
  if (node.type !== 'call') return;
  helpers.add(node.helper.name);
  for (const arg of node.args) collect(arg, guarded || 'choose' in node.helper, references, helpers);
}
