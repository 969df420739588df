import type { LogFamily } from '../../kernel/stores/logs.ts';
import type { ChangeFeed, UnitOfWork } from '../../kernel/stores/stores.ts';
import { listFamilies } from './families.ts';
import { appliedColumns } from './family-cache.ts';
import { homeOf } from './growth.ts';
import type { Catalog, FamilyShape } from './sql/catalog.ts';

const MOST_TENANTS = 1000;

/** What queries of a tenant may name, kept until a family of the tenant changes. */
export class Catalogs {
  readonly #work: UnitOfWork;
  readonly #changes: ChangeFeed;
  readonly #kept = new Map<string, Promise<Catalog>>();
  readonly #unsubscribe: () => void;

  constructor({ work, changes }: { readonly work: UnitOfWork; readonly changes: ChangeFeed }) {
    this.#work = work;
    this.#changes = changes;
    this.#unsubscribe = changes.subscribe((change) => {
      if (!change) this.#kept.clear();
      else if (change.noun === 'logFamily') this.#kept.delete(change.tenantId);
    });
  }

  /** What is kept, if anything is. */
  kept(tenantId: string): Promise<Catalog> | undefined {
    return this.#changes.live ? this.#kept.get(tenantId) : undefined;
  }

  read(tenantId: string): Promise<Catalog> {
    const reading = this.#work.within([tenantId], (stores) => listFamilies(stores, tenantId)).then(catalogOf);
    if (this.#kept.size >= MOST_TENANTS) this.#kept.clear();
    this.#kept.set(tenantId, reading);
    reading.catch(() => {
      if (this.#kept.get(tenantId) === reading) this.#kept.delete(tenantId);
    });
    return reading;
  }

  close(): void {
    this.#unsubscribe();
  }
}

function catalogOf(families: readonly LogFamily[]): Catalog {
  const shapes = new Map<string, FamilyShape>(
    families.map((family) => [
      family.name,
      { name: family.name, columns: appliedColumns(family), shard: homeOf(family).shard },
    ]),
  );
  return { family: (name) => shapes.get(name), families: () => [...shapes.values()] };
}
