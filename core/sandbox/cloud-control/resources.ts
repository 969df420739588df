import type { JsonObject } from '../../kernel/json.ts';
import type { Neighbour, Neighbours, ResourceType } from './types/index.ts';

/** A resource of the account, from the moment its create handler began to make it. Times in ms since the epoch. */
export interface Resource {
  readonly type: ResourceType;
  readonly region: string;
  readonly identifier: string;
  /** What its owner wrote. */
  desired: JsonObject;
  /** What the cloud added. */
  readonly made: JsonObject;
  readonly clientToken: string | undefined;
  readonly requestToken: string;
  state: 'making' | 'ready' | 'deleting';
  /** It came out broken: all that can be read of it is its identifier. */
  readonly unusable: boolean;
  /** Reads are eventually consistent: GetResource finds it from here on, ListResources still later. */
  visibleAt: number;
  listedAt: number;
  /** Lists show it for a while longer. */
  goneAt?: number;
  unlistedAt?: number;
}

/** All resources of the sandbox's account. Kept in memory only. */
export class Resources {
  readonly #all = new Map<string, Resource>();

  /** What is there under that name, whether or not reads find it yet. */
  find(type: ResourceType, region: string, identifier: string): Resource | undefined {
    const found = this.#all.get(keyOf(type, region, identifier));
    return found?.goneAt === undefined ? found : undefined;
  }

  add(resource: Resource): void {
    this.#all.set(keyOf(resource.type, resource.region, resource.identifier), resource);
  }

  /** Everything that exists, oldest first. */
  existing(): readonly Resource[] {
    return [...this.#all.values()].filter(({ goneAt }) => goneAt === undefined);
  }

  /** What ListResources shows at a time: new ones are late to come, deleted ones late to go. */
  listed(type: ResourceType, region: string, now: number): readonly Resource[] {
    return [...this.#all.values()].filter(
      (one) =>
        one.type === type &&
        (type.reach === 'everywhere' || one.region === region) &&
        one.listedAt <= now &&
        (one.unlistedAt ?? Infinity) > now,
    );
  }

  /** The view of a handler, which is never late. */
  neighbours(region: string): Neighbours {
    const all = (type: string): Neighbour[] =>
      this.existing()
        .filter((one) => one.type.name === type && one.region === region)
        .map((one) => ({
          identifier: one.identifier,
          properties: propertiesOf(one),
          deleting: one.state === 'deleting',
        }));
    return { all, find: (type, identifier) => all(type).find((one) => one.identifier === identifier) };
  }

  clear(): void {
    this.#all.clear();
  }
}

/** The model as GetResource shows it. */
export function modelOf(resource: Resource): JsonObject {
  return resource.unusable ? identityOf(resource) : propertiesOf(resource);
}

/** The model as ListResources shows it: for most types the identifier alone. */
export function identityOf({ type, identifier }: Resource): JsonObject {
  return { [type.identifier]: identifier };
}

function propertiesOf({ desired, made }: Resource): JsonObject {
  return { ...made, ...desired };
}

function keyOf(type: ResourceType, region: string, identifier: string): string {
  return [type.name, type.reach === 'region' ? region : '', identifier].join(' ');
}
