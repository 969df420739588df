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

  /** The same where somebody else may be at it: undefined where that is so (409). */
  async postUnlessBusy(path: string, body: Json = {}): Promise<JsonObject | undefined> {
    const { status, value, text } = await this.#send('POST', path, body);
    if (status === 409) return undefined;
    if (status < 300 && isJsonObject(value)) return value;
    throw new CommandFailure(`POST ${path} was answered with ${status}: ${text}`, 1);
  }

  put(path: string): Promise<JsonObject> {
    return this.#call('PUT', path);
  }

  delete(path: string): Promise<JsonObject> {
    return this.#call('DELETE', path);
  }

  /** Deletes what must not be deleted; the problem that it was answered with. */
  async refusedDelete(path: string): Promise<JsonObject> {
    const { ok, status, value, text } = await this.#send('DELETE', path);
    if (ok || !isJsonObject(value)) throw new CommandFailure(`DELETE ${path} was to be refused, and was answered with ${status}: ${text}`, 1);
    return value;
  }

  /** The `data` of server-sent events, as they come, until the other side closes. */
  async *events(path: string): AsyncGenerator<JsonObject> {
    const answer = await fetch(`${this.#url}${path}`, { headers: { authorization: `Bearer ${this.#key}` } });
    if (!answer.ok || !answer.body) throw new CommandFailure(`GET ${path} was answered with ${answer.status}: ${await answer.text()}`, 1);
    for await (const line of linesOf(answer.body)) {
      const value: unknown = line.startsWith('data: ') ? JSON.parse(line.slice('data: '.length)) : undefined;
      if (isJsonObject(value)) yield value;
    }
  }

  async #call(method: string, path: string, body?: Json): Promise<JsonObject> {
    const { ok, status, value, text } = await this.#send(method, path, body);
    if (!ok) throw new CommandFailure(`${method} ${path} was answered with ${status}: ${text}`, 1);
    if (isJsonObject(value)) return value;
    throw new CommandFailure(`${method} ${path} was answered with what is no JSON object: ${text}`, 1);
  }

  async #send(method: string, path: string, body?: Json) {
    const answer = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const json = /json/.test(answer.headers.get('content-type') ?? '');
    const value: unknown = json ? JSON.parse(text) : {};
    return { ok: answer.ok, status: answer.status, value, text };
  }
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
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
