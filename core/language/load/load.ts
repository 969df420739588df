import { LineCounter, parseAllDocuments, type Document as YamlDocument } from 'yaml';
import type { Finding } from '../source.ts';
import { Converter } from './convert.ts';
import { MAX_DEPTH, tooDeepAt } from './depth.ts';
import { Document } from './document.ts';
import { syntaxTroubles } from './syntax.ts';

/** Bytes of a definition or test file, at most. */
export const MAX_FILE_BYTES = 1024 * 1024;

const BEGINNING = 'A definition begins with "apiVersion: sluice/v1".';

export interface Loaded {
  /** Present where the text is YAML, even if some of it is refused. */
  readonly document?: Document;
  readonly findings: readonly Finding[];
  /** The document is worth looking at further: what was refused in it is read as its author meant it. */
  readonly usable: boolean;
}

/** Reads one YAML 1.2 file. Never throws: what is wrong with it comes back as findings, each with its place. */
export function loadYaml(file: string, text: string): Loaded {
  const refused = (...findings: Finding[]): Loaded => ({ findings, usable: false });
  const whole = (message: string) =>
    refused({ severity: 'error', file, line: 1, column: 1, path: '(file)', message });
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_FILE_BYTES)
    return whole(`The file has ${bytes} bytes; a definition has ${MAX_FILE_BYTES} at most.`);
  // Decoding puts U+FFFD where bytes are not UTF-8; no text holds NUL.
  const odd = /[\0\ufffd]/.exec(text)?.index;
  if (odd !== undefined) {
    const message = 'The file is not text: here is a byte that UTF-8 has not, or NUL. Save it as UTF-8.';
    return refused({ severity: 'error', file, ...spotAt(text, odd), path: '(file)', message });
  }
  const lines = new LineCounter();
  const deep = tooDeepAt(text);
  if (deep !== undefined) {
    return refused({
      severity: 'error',
      file,
      ...spotAt(text, deep),
      path: '(file)',
      message: `This is nested more than ${MAX_DEPTH} levels deep.`,
    });
  }
  const parsed = parse(text, lines);
  const [first, second] = parsed;
  if (!first || first.contents === null) return whole(`The file is empty. ${BEGINNING}`);
  const at = (start: number, path: string, message: string): Finding => {
    const { line, col } = lines.linePos(start);
    return { severity: 'error', file, line, column: col, path, message };
  };
  const errors = parsed.flatMap((document) => document.errors);
  if (errors.length > 0) {
    return refused(...syntaxTroubles(text, errors).map(({ start, message }) => at(start, '(file)', message)));
  }
  if (second) {
    return refused(
      at(
        second.range?.[0] ?? 0,
        '(file)',
        'A second document begins here ("---"). Write one definition a file.',
      ),
    );
  }
  const converter = new Converter(first, text);
  const value = converter.convert();
  const document = new Document(file, text, value, lines, converter.entries);
  const findings = converter.troubles.map(({ start, pointer, message }) =>
    at(start, document.pathOf(pointer), message),
  );
  return { document, findings, usable: converter.troubles.every(({ mended }) => mended) };
}

function spotAt(text: string, offset: number): Pick<Finding, 'line' | 'column'> {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function parse(text: string, lineCounter: LineCounter): YamlDocument.Parsed[] {
  const documents = parseAllDocuments(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
    // Unresolved tags are refused by us, with a place; the parser's own warnings would go to stderr.
    logLevel: 'error',
    lineCounter,
  });
  return [...documents];
}
