import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Alias, Document as YamlDocument, Node, Pair, Scalar, YAMLMap } from 'yaml';
import type { Json } from '../../kernel/json.ts';
import { MAX_DEPTH } from './depth.ts';
import { childPointer, type Entry } from './document.ts';
import { numberTrouble } from './scalars.ts';

/** Something refused, at an offset of the file. `pointer` is the value it is about. */
export interface Trouble {
  readonly pointer: string;
  readonly start: number;
  readonly message: string;
  /** The rest of the file can be looked at as if this were mended. */
  readonly mended: boolean;
}

const MAX_ALIASES = 100;
const MAX_NODES = 100_000;
const TAGS = /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/;

/** Turns YAML's tree into JSON, notes where everything stands, and refuses what the language does not take. */
export class Converter {
  readonly entries = new Map<string, Entry>();
  readonly troubles: Trouble[] = [];
  readonly #document: YamlDocument;
  readonly #text: string;
  #aliases = 0;
  #nodes = 0;
  #stopped = false;

  constructor(document: YamlDocument, text: string) {
    this.#document = document;
    this.#text = text;
  }

  convert(): Json {
    return this.#value(this.#document.contents, '', 0, {});
  }

  #refuse(pointer: string, node: unknown, message: string): null {
    return this.#trouble(pointer, node, message, false, null);
  }

  /** Refuses a value, and goes on with what its author meant. */
  #mend(pointer: string, node: unknown, message: string, meant: string): string {
    return this.#trouble(pointer, node, message, true, meant);
  }

  #trouble<T>(pointer: string, node: unknown, message: string, mended: boolean, value: T): T {
    this.troubles.push({ pointer, start: startOf(node), message, mended });
    return value;
  }

  #value(node: unknown, pointer: string, depth: number, key: Pick<Entry, 'keyStart' | 'keyScalar'>): Json {
    if (this.#stopped) return null;
    const start = startOf(node, key.keyStart);
    this.entries.set(pointer, { ...key, start, ...(isScalar(node) ? { scalar: node } : {}) });
    if (depth > MAX_DEPTH)
      return this.#stop(pointer, node, `This is nested more than ${MAX_DEPTH} levels deep.`);
    if (++this.#nodes > MAX_NODES) {
      return this.#stop(
        pointer,
        node,
        `With its aliases written out, this file has more than ${MAX_NODES} values.`,
      );
    }
    if (isTagged(node)) {
      return this.#refuse(
        pointer,
        node,
        `The tag ${node.tag} is not supported; write the value without a tag.`,
      );
    }
    if (isAlias(node)) return this.#alias(node, pointer, depth, key);
    if (isMap(node)) return this.#map(node, pointer, depth);
    if (isSeq(node))
      return node.items.map((item, i) => this.#value(item, childPointer(pointer, i), depth + 1, {}));
    return isScalar(node) ? this.#scalar(node, pointer) : null;
  }

  #stop(pointer: string, node: unknown, message: string): null {
    this.#stopped = true;
    return this.#refuse(pointer, node, message);
  }

  #scalar(node: Scalar, pointer: string): Json {
    const trouble = numberTrouble(node);
    if (trouble) return this.#mend(pointer, node, trouble, node.source ?? '');
    const { value } = node;
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value as Json;
    return this.#refuse(pointer, node, `${node.source ?? 'This value'} is not a JSON value.`);
  }

  #alias(node: Alias, pointer: string, depth: number, key: Pick<Entry, 'keyStart' | 'keyScalar'>): Json {
    if (++this.#aliases > MAX_ALIASES) {
      return this.#stop(pointer, node, `More than ${MAX_ALIASES} aliases are in use; write the values out.`);
    }
    const target = node.resolve(this.#document);
    if (!target)
      return this.#refuse(
        pointer,
        node,
        `*${node.source} names no anchor above it; anchors are written &${node.source}.`,
      );
    return this.#value(target, pointer, depth + 1, { ...key });
  }

  #map(node: YAMLMap, pointer: string, depth: number): Json {
    const template = unquotedTemplate(node);
    if (template) {
      const text = this.#text.slice(startOf(node), node.range?.[1]);
      return this.#mend(
        pointer,
        node,
        `YAML reads ${text} without quotes as a map. Put it in quotes: ${quoted(text)}.`,
        text,
      );
    }
    const found = new Map<string, Json>();
    for (const pair of node.items) this.#pair(pair, pointer, depth, found);
    return Object.fromEntries(found);
  }

  #pair(pair: Pair, pointer: string, depth: number, found: Map<string, Json>): void {
    const name = this.#key(pair.key, pointer);
    if (name === undefined) return;
    const here = childPointer(pointer, name);
    const key = { keyStart: startOf(pair.key), ...(isScalar(pair.key) ? { keyScalar: pair.key } : {}) };
    const before = found.has(name) ? this.entries.get(here)?.keyStart : undefined;
    if (before !== undefined) {
      const line = this.#text.slice(0, before).split('\n').length;
      this.#mend(
        here,
        pair.key,
        `The key "${name}" is here twice; it is on line ${line} already. Keep one of them.`,
        name,
      );
      return;
    }
    found.set(name, this.#value(pair.value, here, depth + 1, key));
  }

  #key(key: unknown, pointer: string): string | undefined {
    const name = isScalar(key) ? key.value : undefined;
    if (name === '<<') {
      this.#refuse(pointer, key, 'The merge key "<<" is not supported; write the keys out.');
      return undefined;
    }
    if (name === '__proto__') {
      this.#refuse(pointer, key, 'The key "__proto__" is not allowed.');
      return undefined;
    }
    if (typeof name === 'string') return name;
    if (isScalar(key)) {
      const text = key.source ?? String(name);
      this.#refuse(pointer, key, `The key ${text} is not text. Put it in quotes: "${text}".`);
      return undefined;
    }
    const start = startOf(key);
    const text = this.#text.slice(start, (key as Node | null)?.range?.[1] ?? start);
    this.#refuse(
      pointer,
      key,
      `The key ${text} is not text. If this is a template, put it in quotes: ${quoted(text)}.`,
    );
    return undefined;
  }
}

function startOf(node: unknown, otherwise = 0): number {
  const range = (node as Node | null | undefined)?.range;
  return range?.[0] ?? otherwise;
}

/** Without quotes, `{{ x }}` is a map whose only key is a map. */
function unquotedTemplate(node: YAMLMap): boolean {
  const [pair, ...more] = node.items;
  return (
    node.flow === true &&
    more.length === 0 &&
    isMap(pair?.key) &&
    pair.key.flow === true &&
    pair.value === null
  );
}

function isTagged(node: unknown): node is Node & { tag: string } {
  const tag = (node as { tag?: unknown } | null | undefined)?.tag;
  return typeof tag === 'string' && !TAGS.test(tag);
}

/** In the quotes that spare the author from escaping. */
export function quoted(text: string): string {
  return text.includes('"') ? `'${text.replaceAll("'", "''")}'` : `"${text}"`;
}
