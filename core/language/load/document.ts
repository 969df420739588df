import type { LineCounter, Scalar } from 'yaml';
import { isJsonObject, pointerSegment, type Json } from '../../kernel/json.ts';
import type { Finding } from '../source.ts';
import { leafOffset } from './leaf-offset.ts';

/** Where a value stands in the file: offsets of its key and of itself, and their scalars where they are such. */
export interface Entry {
  readonly keyStart?: number;
  readonly keyScalar?: Scalar;
  readonly start: number;
  readonly scalar?: Scalar;
}

/** Which spot of a value a finding is about: its key, or a character of its text. */
export interface Spot {
  readonly onKey?: boolean | undefined;
  readonly offset?: number | undefined;
}

/** A loaded YAML file: its value, and where each part of it stands. */
export class Document {
  readonly file: string;
  readonly value: Json;
  readonly #text: string;
  readonly #lines: LineCounter;
  readonly #entries: ReadonlyMap<string, Entry>;

  constructor(
    file: string,
    text: string,
    value: Json,
    lines: LineCounter,
    entries: ReadonlyMap<string, Entry>,
  ) {
    this.file = file;
    this.value = value;
    this.#text = text;
    this.#lines = lines;
    this.#entries = entries;
  }

  /** A finding about the value at a JSON Pointer; where there is none, about the nearest value around it. */
  finding(severity: Finding['severity'], pointer: string, message: string, spot: Spot = {}): Finding {
    const { line, col } = this.#lines.linePos(this.#offset(pointer, spot));
    return { severity, file: this.file, line, column: col, path: this.pathOf(pointer), message };
  }

  /** How a scalar is written, where it is written without quotes: `0123` for a value that YAML reads as 123. */
  plainText(pointer: string): string | undefined {
    const scalar = this.#entries.get(pointer)?.scalar;
    return scalar?.type === 'PLAIN' ? scalar.source : undefined;
  }

  /** A JSON Pointer as people read it: `actions.appendRow.steps[0]`. */
  pathOf(pointer: string): string {
    return readablePath(this.value, pointer);
  }

  #offset(pointer: string, spot: Spot): number {
    const entry = this.#entries.get(pointer);
    if (!entry)
      return pointer === '' ? 0 : this.#offset(pointer.slice(0, pointer.lastIndexOf('/')), { onKey: true });
    const scalar = spot.onKey ? entry.keyScalar : entry.scalar;
    if (spot.offset !== undefined && scalar) return leafOffset(this.#text, scalar, spot.offset);
    return spot.onKey ? (entry.keyStart ?? entry.start) : entry.start;
  }
}

export function readablePath(value: unknown, pointer: string): string {
  let here: unknown = value;
  let path = '';
  for (const raw of pointer.split('/').slice(1)) {
    const key = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(here)) {
      path += `[${key}]`;
      here = (here as readonly unknown[])[Number(key)];
    } else {
      path += /^[\w$@-]+$/.test(key) ? `${path ? '.' : ''}${key}` : `[${JSON.stringify(key)}]`;
      here = isJsonObject(here) && Object.hasOwn(here, key) ? here[key] : undefined;
    }
  }
  return path || '(file)';
}

export function childPointer(pointer: string, ...keys: readonly (string | number)[]): string {
  return pointer + keys.map(pointerSegment).join('');
}
