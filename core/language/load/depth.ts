import { CST, Lexer } from 'yaml';

/** Levels of maps and lists in a file, at most. */
export const MAX_DEPTH = 64;
const MAX_INDENT = 8 * MAX_DEPTH;

/**
 * Where a text opens more lists and maps than a definition may, before it is parsed: the parser is recursive, and a
 * file of a hundred thousand brackets would end the process. Block nesting is bounded roughly, by indentation; the
 * exact bound is checked on the parsed tree.
 */
export function tooDeepAt(text: string): number | undefined {
  let offset = 0;
  let brackets = 0;
  let dashes = 0;
  let lineStart = true;
  for (const token of new Lexer().lex(text)) {
    const type = CST.tokenType(token);
    if (type === 'flow-seq-start' || type === 'flow-map-start') brackets++;
    else if (type === 'flow-seq-end' || type === 'flow-map-end') brackets--;
    else if (type === 'seq-item-ind' || type === 'explicit-key-ind') dashes++;
    const indent = lineStart && type === 'space' ? token.length : 0;
    if (brackets > MAX_DEPTH || dashes > MAX_DEPTH || indent > MAX_INDENT) return offset;
    lineStart = type === 'newline';
    if (lineStart) dashes = 0;
    if (!MARKERS.has(token)) offset += token.length;
  }
  return undefined;
}

/** Tokens that the lexer adds and that do not stand in the text. */
const MARKERS: ReadonlySet<string> = new Set([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR]);
