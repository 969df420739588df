import { SluiceError } from '../../kernel/errors.ts';
import type { LogColumn } from '../../kernel/logs.ts';
import type { LogDirectory, LogFamily } from '../../kernel/stores/logs.ts';
import type { UnitOfWork } from '../../kernel/stores/stores.ts';
import { newColumns } from './columns.ts';
import type { FamilyCache } from './family-cache.ts';
import { faultOf, writeError } from './faults.ts';
import { candidates } from './placement.ts';
import type { Shards } from './shards.ts';

export interface GrowthDeps {
  readonly work: UnitOfWork;
  readonly directory: LogDirectory;
  readonly shards: Shards;
  readonly cache: FamilyCache;
}

/**
 * Makes families and adds columns to them. The control plane decides, under a lock on the family; then the table follows, and
 * its version is recorded. Who finds a table behind (its maker died on the way) brings it up first, so both orders of two
 * writers end in one table.
 */
export class Growth {
  readonly #deps: GrowthDeps;
  /** One at a time a family, so that a burst of first events is one change. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(deps: GrowthDeps) {
    this.#deps = deps;
  }

  /**
   * The family with at least these columns, in its table too.
   * @param fits called with the shard a family is on, or would be, before anything is made; throws to refuse
   * @throws SluiceError CONFLICT, VALIDATION_FAILED (see `newColumns`), UNAVAILABLE
   */
  async grow(
    tenantId: string,
    name: string,
    schema: readonly LogColumn[],
    fits: (shard: string) => Promise<void>,
  ): Promise<LogFamily> {
    const turn = `${tenantId} ${name.toLowerCase()}`;
    const before = this.#turns.get(turn) ?? Promise.resolve();
    const mine = before.then(
      () => this.#grow(tenantId, name, schema, fits),
      () => this.#grow(tenantId, name, schema, fits),
    );
    this.#turns.set(turn, mine);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(turn) === mine) this.#turns.delete(turn);
    }
  }

  async #grow(
    tenantId: string,
    name: string,
    schema: readonly LogColumn[],
    fits: (shard: string) => Promise<void>,
  ): Promise<LogFamily> {
    const { cache } = this.#deps;
    const known = await cache.get(tenantId, name);
    if (known) {
      checkCase(known, name);
      if (isComplete(known, schema)) return known;
    }
    const shard = known ? homeOf(known).shard : await this.#place(tenantId);
    await fits(shard);
    const decided = await this.#decide(tenantId, name, schema, shard);
    return this.#build(decided);
  }

  /** The best shard that answers. */
  async #place(tenantId: string): Promise<string> {
    const { work, directory, shards } = this.#deps;
    const pin = await work.within([tenantId], (stores) => stores.logTenants.pin(tenantId));
    const order = candidates(await shards.all(), await directory.load(), pin);
    for (const [i, name] of order.entries()) {
      try {
        await (await shards.open(name)).ping();
        return name;
      } catch (error) {
        const last = i === order.length - 1;
        if (last || faultOf(error) !== 'unavailable') throw writeError(name, error);
      }
    }
    throw new Error('There is no shard to choose from.');
  }

  #decide(tenantId: string, name: string, schema: readonly LogColumn[], shard: string): Promise<LogFamily> {
    return this.#deps.work.within([tenantId], async (stores) => {
      let family = await stores.logFamilies.lock(tenantId, name);
      if (!family) {
        await stores.logFamilies.insert(tenantId, name, shard);
        // Ours, or that of whoever came first: the insertion has waited for them.
        family = (await stores.logFamilies.lock(tenantId, name))!;
      }
      checkCase(family, name);
      const added = newColumns(family.name, family.columns, schema);
      if (added.length > 0) family = await stores.logFamilies.addColumns(family, added);
      return family;
    });
  }

  async #build(family: LogFamily): Promise<LogFamily> {
    const { work, shards } = this.#deps;
    const { tenantId, name, version } = family;
    const { shard, epoch } = homeOf(family);
    try {
      const opened = await shards.open(shard);
      const tenant = await shards.tenant(tenantId, shard);
      await opened.openTenant(tenant);
      const columns = family.columns.map(({ name, type }) => ({ name, type }));
      await opened.ensureTable(tenant, name, columns, epoch);
    } catch (error) {
      throw writeError(shard, error);
    }
    await work.within([tenantId], async (stores) => {
      await stores.logFamilies.setApplied(tenantId, name, version);
      await stores.changed({ noun: 'logFamily', tenantId, id: name });
    });
    return { ...family, applied: version };
  }
}

/** Whether its table has all the columns of a schema. @throws SluiceError as `newColumns` does */
export function isComplete(family: LogFamily, schema: readonly LogColumn[]): boolean {
  return family.applied >= family.version && newColumns(family.name, family.columns, schema).length === 0;
}

/** Where a family is. Until families are split that is one shard. */
export function homeOf({ name, homes }: Pick<LogFamily, 'name' | 'homes'>): { readonly shard: string; readonly epoch: number } {
  const [home] = homes;
  if (home && homes.length === 1) return home;
  throw new Error(`The family "${name}" is on ${homes.length} shards.`);
}

export function checkCase({ name }: LogFamily, written: string): void {
  if (name === written) return;
  const message = `There is the family "${name}"; "${written}" differs in case only.`;
  throw new SluiceError('CONFLICT', message, { errors: [{ path: '/family', message }] });
}
