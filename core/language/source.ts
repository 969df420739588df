/** A definition as it was read. `files` are the named files it may use (model SQL), by the name the YAML uses. */
export interface DefinitionSource {
  /** As shown in messages. */
  readonly file: string;
  readonly text: string;
  readonly files?: Readonly<Record<string, string>>;
  /** `<id>.test.yaml` beside it. */
  readonly tests?: { readonly file: string; readonly text: string };
}

/** One thing a definition's author should know. Lines and columns count from 1. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Readable path, for example `actions.appendRow.steps[0].request.path`; `(file)` for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** `file:line:column path: message`, the one form in which findings are printed. */
export function formatFinding(finding: Finding): string {
  const { file, line, column, path, message } = finding;
  return `${file}:${line}:${column} ${path}: ${message}`;
}
