import Handlebars from 'handlebars';
import { didYouMean, nearest } from '../../kernel/suggest.ts';
import type { Json } from '../../kernel/json.ts';
import { type Helper, checkArgument, checkCount } from './helper.ts';
import { HELPERS } from './helpers/index.ts';
import { refuseWords } from './refusals.ts';
import type { ExpressionPiece } from './scan.ts';
import { TemplateError } from './template-error.ts';

/** An expression, read and checked. `text` is its source; `offset` is where it stands in its leaf. */
export type Node =
  | { readonly type: 'literal'; readonly value: Json; readonly text: string; readonly offset: number }
  | {
      readonly type: 'path';
      readonly path: readonly string[];
      readonly text: string;
      readonly offset: number;
    }
  | {
      readonly type: 'call';
      readonly helper: Helper;
      readonly args: readonly Node[];
      readonly text: string;
      readonly offset: number;
    };

/**
 * Reads one expression with Handlebars' parser.
 * @throws TemplateError
 */
export function parseExpression(piece: ExpressionPiece): Node {
  refuseWords(piece.inner, piece.masked, piece.innerAt);
  const source = `{{${piece.inner}}}`;
  const statement = handlebars(source, piece);
  return new Reader(source, piece.innerAt - 2).read(statement);
}

function handlebars(source: string, piece: ExpressionPiece): hbs.AST.MustacheStatement {
  let body: hbs.AST.Statement[];
  try {
    body = Handlebars.parseWithoutProcessing(source).body;
  } catch {
    throw unreadable(piece);
  }
  const [statement, ...more] = body;
  if (statement?.type !== 'MustacheStatement' || more.length > 0) throw unreadable(piece);
  return statement as hbs.AST.MustacheStatement;
}

function unreadable(piece: ExpressionPiece): TemplateError {
  const opened = piece.masked.split('(').length - piece.masked.split(')').length;
  const hint =
    opened > 0
      ? 'a ")" is missing'
      : opened < 0
        ? 'there is a ")" too many'
        : piece.inner.trimStart().startsWith('(')
          ? 'the outermost helper stands without parentheses'
          : 'an expression is a variable (`input.name`), or a helper and its arguments (`upper input.name`)';
  return new TemplateError(`"{{${piece.inner}}}" cannot be read: ${hint}.`, piece.at);
}

class Reader {
  readonly #source: string;
  readonly #offset: number;
  readonly #lines: readonly number[];

  /** @param offset where `source` begins in its leaf */
  constructor(source: string, offset: number) {
    this.#source = source;
    this.#offset = offset;
    this.#lines = [0, ...[...source.matchAll(/\r\n?|\n/g)].map((end) => end.index + end[0].length)];
  }

  read(statement: hbs.AST.MustacheStatement): Node {
    const bare = statement.params.length === 0 && !statement.hash;
    return bare ? this.#operand(statement.path) : this.#call(statement);
  }

  #operand(node: hbs.AST.Node): Node {
    const { text, offset } = this.#place(node);
    switch (node.type) {
      case 'StringLiteral':
      case 'NumberLiteral':
      case 'BooleanLiteral':
        return { type: 'literal', value: (node as hbs.AST.StringLiteral).value, text, offset };
      case 'NullLiteral':
        return { type: 'literal', value: null, text, offset };
      case 'PathExpression':
        return { type: 'path', path: this.#path(node as hbs.AST.PathExpression), text, offset };
      case 'SubExpression':
        return this.#call(node as hbs.AST.SubExpression);
      default:
        throw new TemplateError(`"${text}" is refused: it is neither a value nor a helper.`, offset);
    }
  }

  #path(node: hbs.AST.PathExpression): string[] {
    const { text, offset } = this.#place(node);
    if (node.data || node.depth > 0 || node.parts.length === 0) {
      throw new TemplateError(`"${text}" is refused; name the variable, for example \`input.name\`.`, offset);
    }
    return [...node.parts];
  }

  #call(node: hbs.AST.MustacheStatement | hbs.AST.SubExpression): Node {
    const { text, offset } = this.#place(node);
    const named = this.#place(node.path);
    if (node.hash) throw new TemplateError('Hash arguments are refused; arguments go by position.', offset);
    const helper = HELPERS.get(named.text);
    if (!helper) throw unknownHelper(named.text, named.offset, node.path.type);
    const wrongCount = checkCount(helper, node.params.length);
    if (wrongCount !== undefined) throw new TemplateError(wrongCount, named.offset);
    const args = node.params.map((param) => this.#operand(param));
    args.forEach((arg, i) => {
      const wrong = arg.type === 'literal' ? checkArgument(helper, i, arg.value) : undefined;
      if (wrong !== undefined)
        throw new TemplateError(`${wrong[0]!.toUpperCase()}${wrong.slice(1)}`, arg.offset);
    });
    const bare = node.type === 'SubExpression' ? text.slice(1, -1) : text.slice(2, -2);
    return { type: 'call', helper, args, text: bare.trim(), offset };
  }

  #place(node: hbs.AST.Node): { text: string; offset: number } {
    const start = this.#at(node.loc.start);
    return { text: this.#source.slice(start, this.#at(node.loc.end)), offset: this.#offset + start };
  }

  #at(position: hbs.AST.Position): number {
    return (this.#lines[position.line - 1] ?? 0) + position.column;
  }
}

function unknownHelper(name: string, offset: number, type: string): TemplateError {
  if (type !== 'PathExpression') {
    return new TemplateError(
      `${name} stands where a helper's name belongs; text and numbers come after it.`,
      offset,
    );
  }
  const near = nearest(name, HELPERS.keys());
  const remedy = near ? didYouMean(name, [near]) : ` The helpers are: ${[...HELPERS.keys()].join(' ')}.`;
  return new TemplateError(`There is no helper "${name}".${remedy}`, offset);
}
