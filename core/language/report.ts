import type { Json } from '../kernel/json.ts';
import type { Document, Spot } from './load/document.ts';
import type { Finding } from './source.ts';

/** Collects what is found in one file, each thing once, in the order of the file. */
export class Report {
  readonly document: Document;
  readonly #findings = new Map<string, Finding>();

  constructor(document: Document) {
    this.document = document;
  }

  error(pointer: string, message: string, spot?: Spot): void {
    this.#add('error', pointer, message, spot);
  }

  warning(pointer: string, message: string, spot?: Spot): void {
    this.#add('warning', pointer, message, spot);
  }

  #add(severity: Finding['severity'], pointer: string, message: string, spot: Spot = {}): void {
    const finding = this.document.finding(severity, pointer, message, spot);
    this.#findings.set(`${finding.line}:${finding.column} ${message}`, finding);
  }

  get findings(): Finding[] {
    return [...this.#findings.values()].sort((a, b) => a.line - b.line || a.column - b.column);
  }

  get failed(): boolean {
    return this.findings.some(({ severity }) => severity === 'error');
  }

  get root(): Json {
    return this.document.value;
  }
}
