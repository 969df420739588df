import type { AuthScheme, Plugin, StepType } from './plugin.ts';
import type { JsonObject } from './json.ts';
import type { LogStore } from './logs.ts';
import type { ObjectStore } from './objects.ts';
import type { Warehouse } from './warehouse.ts';
import { didYouMean } from './suggest.ts';

/** The plugins found at start, by kind and name. Made once by the composition root and handed down. */
export class Registry {
  readonly #plugins = new Map<string, Plugin>();

  constructor(plugins: Iterable<Plugin>) {
    for (const plugin of plugins) {
      if (this.#plugins.has(plugin.name)) throw new Error(`Two plugins are named "${plugin.name}".`);
      this.#plugins.set(plugin.name, plugin);
    }
  }

  all(): readonly Plugin[] {
    return [...this.#plugins.values()];
  }

  authSchemes(): readonly AuthScheme<JsonObject>[] {
    return this.all().filter((p) => p.type === 'authScheme') as readonly Plugin[] as readonly AuthScheme<JsonObject>[];
  }

  stepTypes(): readonly StepType<JsonObject>[] {
    return this.all().filter((p) => p.type === 'stepType') as readonly Plugin[] as readonly StepType<JsonObject>[];
  }

  /** The code behind a step's `use`. */
  stepType(name: string): StepType<JsonObject> | undefined {
    return this.stepTypes().find((type) => type.name === name);
  }

  logStores(): readonly LogStore[] {
    return this.all().filter((p) => p.type === 'logStore');
  }

  objectStores(): readonly ObjectStore[] {
    return this.all().filter((p) => p.type === 'objectStore');
  }

  warehouses(): readonly Warehouse[] {
    return this.all().filter((p) => p.type === 'warehouse');
  }

  authScheme(name: string): AuthScheme<JsonObject> {
    const found = this.authSchemes().find((scheme) => scheme.name === name);
    if (found) return found;
    const names = this.authSchemes().map((scheme) => scheme.name);
    throw new Error(`There is no auth scheme "${name}"; there are ${names.join(', ')}.${didYouMean(name, names)}`);
  }
}
