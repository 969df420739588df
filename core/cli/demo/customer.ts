import type { Json, JsonObject } from '../../kernel/json.ts';
import { followPointer, isJsonObject } from '../../kernel/json.ts';
import { CommandFailure } from '../failure.ts';

/** Somebody who uses the platform's API over HTTP with a key, and expects every call to succeed. */
export class Customer {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  get(path: string): Promise<JsonObject> {
    return this.#call('GET', path);
  }

  post(path: string, body: Json = {}): Promise<JsonObject> {
    return this.#call('POST', path, body);
  }

  async #call(method: string, path: string, body?: Json): Promise<JsonObject> {
    const answer = await fetch(`${this.#url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok)
      throw new CommandFailure(`${method} ${path} was answered with ${answer.status}: ${text}`, 1);
    const value: unknown = text === '' ? {} : JSON.parse(text);
    if (isJsonObject(value)) return value;
    throw new CommandFailure(`${method} ${path} was answered with what is no JSON object: ${text}`, 1);
  }
}

/** The text a JSON Pointer leads to in an answer; undefined where there is none. */
export function textAt(answer: unknown, pointer: string): string | undefined {
  const value = followPointer(answer, pointer);
  return typeof value === 'string' ? value : undefined;
}

/** The text a JSON Pointer leads to in an answer that must have one. */
export function textOf(answer: JsonObject, pointer: string): string {
  const value = textAt(answer, pointer);
  if (value !== undefined) return value;
  throw new CommandFailure(`An answer has no text at ${pointer}: ${JSON.stringify(answer)}`, 1);
}

/** The list a JSON Pointer leads to; an empty one where there is none. */
export function listAt(answer: unknown, pointer: string): readonly unknown[] {
  const value = followPointer(answer, pointer);
  return Array.isArray(value) ? value : [];
}
