import { isJsonObject, type Json } from '../../kernel/json.ts';
import { createRedactor } from '../redaction.ts';
import { standInsFor } from './stand-in.ts';

/** Shorter texts stand in others by chance: they are replaced only where they are the whole value. */
const MIN_LENGTH = 4;

/** The secrets of a recording, each with what stands in for it. */
export class Cover {
  readonly #standIns = new Map<string, string>();
  #hide: ((text: string) => string) | undefined;

  /**
   * The stand-in of a secret; the first time, the first candidate that is nobody else's and is accepted.
   * @param name what the secret is called
   * @returns undefined where none is accepted
   */
  take(secret: string, name: string, accepts: (standIn: string) => boolean = () => true): string | undefined {
    const known = this.#standIns.get(secret);
    if (known !== undefined) return known;
    const taken = new Set(this.#standIns.values());
    for (const standIn of standInsFor(secret, name)) {
      const own = ownName(standIn, taken);
      if (own !== secret && accepts(own)) return this.set(secret, own);
    }
    return undefined;
  }

  /** Says what stands for a text. */
  set(secret: string, standIn: string): string {
    this.#standIns.set(secret, standIn);
    this.#hide = undefined;
    return standIn;
  }

  /** A host name that no recording is about. */
  freshHost(): string {
    const taken = [...this.#standIns.values()].filter((standIn) => standIn.endsWith('.example'));
    return `recorded-${taken.length + 1}.example`;
  }

  /** The same without secrets: stand-ins in place of them, and a mask where they are encoded. */
  hide<T extends Json>(value: T): T {
    this.#hide ??= hiding(this.#standIns);
    return this.#hidden(value, this.#hide) as T;
  }

  #hidden(value: Json, hide: (text: string) => string): Json {
    if (typeof value === 'string') return hide(value);
    if (typeof value === 'number') return this.#number(value);
    if (Array.isArray(value)) return value.map((item: Json) => this.#hidden(item, hide));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [hide(key), this.#hidden(inner, hide)]));
  }

  /** A secret that is a number has one in its place. */
  #number(value: number): number {
    const standIn = Number(this.#standIns.get(String(value)));
    return Number.isNaN(standIn) ? value : standIn;
  }
}

function ownName(standIn: string, taken: ReadonlySet<string>): string {
  if (!taken.has(standIn)) return standIn;
  for (let number = 2; ; number++) if (!taken.has(`${standIn}-${number}`)) return `${standIn}-${number}`;
}

function hiding(standIns: ReadonlyMap<string, string>): (text: string) => string {
  // Longest first: of two secrets, one within the other, the outer one is replaced as a whole.
  const long = [...standIns.keys()].filter((secret) => secret.length >= MIN_LENGTH).sort((a, b) => b.length - a.length);
  const pattern = long.length === 0 ? undefined : new RegExp(long.map(quoted).join('|'), 'g');
  const { leaf } = createRedactor(standIns.keys());
  return (text) => {
    const whole = standIns.get(text);
    if (whole !== undefined) return whole;
    return leaf(pattern ? text.replace(pattern, (secret) => standIns.get(secret) ?? secret) : text);
  };
}

function quoted(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}
