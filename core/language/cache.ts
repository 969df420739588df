import { createHash } from 'node:crypto';
import type { Registry } from '../kernel/registry.ts';
import { compileDefinition, type Compilation } from './compile.ts';
import { contentHash } from './compile/hash.ts';
import type { DefinitionSource } from './source.ts';

const MOST = 1000;

/** Compiles each text once. Runs pin old versions, so the same few texts come back again and again. */
export class DefinitionCache {
  readonly #registry: Registry;
  readonly #known = new Map<string, Compilation>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  compile(source: DefinitionSource): Compilation {
    const key = keyOf(source);
    const compilation = this.#known.get(key) ?? compileDefinition(source, this.#registry);
    // The least recently used goes first: maps keep the order of insertion.
    this.#known.delete(key);
    this.#known.set(key, compilation);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST && oldest !== undefined) this.#known.delete(oldest);
    return compilation;
  }
}

/** By content; the names of the files are part of the findings. */
function keyOf(source: DefinitionSource): string {
  const { file, tests } = source;
  return createHash('sha256')
    .update(JSON.stringify([contentHash(source), file, tests ?? null]))
    .digest('hex');
}
