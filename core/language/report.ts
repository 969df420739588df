import type { Document, Spot } from './load/document.ts';
import type { Finding } from './source.ts';

/** Collects what is found in one file, each thing once, in the order of the file. */
export class Report {
  readonly document: Document;
  readonly #findings = new Map<string, Finding>();

  constructor(document: Document, before: readonly Finding[] = []) {
    this.document = document;
    for (const finding of before) this.#keep(finding);
  }

  error(pointer: string, message: string, spot?: Spot): void {
    this.#add('error', pointer, message, spot);
  }

  warning(pointer: string, message: string, spot?: Spot): void {
    this.#add('warning', pointer, message, spot);
  }

  #add(severity: Finding['severity'], pointer: string, message: string, spot: Spot = {}): void {
    this.#keep(this.document.finding(severity, pointer, message, spot));
  }

  #keep(finding: Finding): void {
    this.#findings.set(`${finding.line}:${finding.column} ${finding.message}`, finding);
  }

  get findings(): Finding[] {
    return [...this.#findings.values()].sort((a, b) => a.line - b.line || a.column - b.column);
  }

  get failed(): boolean {
    return this.findings.some(({ severity }) => severity === 'error');
  }
}
