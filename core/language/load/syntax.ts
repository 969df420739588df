import type { YAMLError } from 'yaml';

/** What is wrong with a file that is not YAML, at an offset. */
export interface SyntaxTrouble {
  readonly start: number;
  readonly message: string;
}

const REMEDIES: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'A tab is used as indentation. Use blanks.',
  BAD_INDENT:
    'The indentation does not match: keys of one map, and items of one list, begin in the same column.',
  BAD_SCALAR_START: 'A value may not begin with this character. Put it in quotes.',
  BLOCK_AS_IMPLICIT_KEY:
    'There is a second ": " on this line. If it is part of the text, put the text in quotes.',
  MULTILINE_IMPLICIT_KEY: 'A key must stand on one line, followed by ": ".',
};

/** An unquoted template at the place where a value begins. */
const UNQUOTED = /(?<=^[ \t]*(?:- +)*|: +|[[{,] *)\{\{/;

/**
 * YAML's errors in our words, the first only of each line: what follows an error on its line follows from it.
 * Where the line holds an unquoted template, that is the likely reason, and is said instead.
 */
export function syntaxTroubles(text: string, errors: readonly YAMLError[]): SyntaxTrouble[] {
  const byLine = new Map<number, SyntaxTrouble>();
  for (const error of errors) {
    const lineStart = text.lastIndexOf('\n', Math.max(0, error.pos[0] - 1)) + 1;
    if (!byLine.has(lineStart)) byLine.set(lineStart, trouble(text, lineStart, error));
  }
  return [...byLine.values()];
}

function trouble(text: string, lineStart: number, error: YAMLError): SyntaxTrouble {
  const lineEnd = text.indexOf('\n', lineStart);
  const line = text.slice(lineStart, lineEnd < 0 ? undefined : lineEnd);
  const template = UNQUOTED.exec(line);
  if (template) {
    const shown = line.slice(template.index).trimEnd();
    const message = `YAML reads "{{" without quotes as the start of a map. Put the whole value in quotes: ${inQuotes(shown)}.`;
    return { start: lineStart + template.index, message };
  }
  return {
    start: error.pos[0],
    message: REMEDIES[error.code] ?? `This is not YAML: ${error.message.replace(/\.$/, '')}.`,
  };
}

function inQuotes(text: string): string {
  return text.includes('"') ? `'${text}'` : `"${text}"`;
}
