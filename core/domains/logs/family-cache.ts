import type { LogColumn } from '../../kernel/logs.ts';
import type { LogFamily } from '../../kernel/stores/logs.ts';
import type { ChangeFeed, UnitOfWork } from '../../kernel/stores/stores.ts';

const MOST = 5000;

/**
 * Families as this process last saw them. What is kept may be old without harm: columns are only ever added and never change
 * their type, so whoever misses one reads again, and a write to where a family was is refused by the fence on the shard.
 */
export class FamilyCache {
  readonly #work: UnitOfWork;
  /** By tenant and lower-case name. */
  readonly #kept = new Map<string, LogFamily>();
  readonly #unsubscribe: () => void;

  constructor({ work, changes }: { readonly work: UnitOfWork; readonly changes: ChangeFeed }) {
    this.#work = work;
    this.#unsubscribe = changes.subscribe((change) => {
      if (!change) this.#kept.clear();
      else if (change.noun === 'logFamily') this.#kept.delete(nameOf(change.tenantId, change.id));
    });
  }

  /** Whatever the case of the name. What is kept comes without a promise's turn. */
  get(tenantId: string, name: string): LogFamily | Promise<LogFamily | undefined> {
    return this.kept(tenantId, name) ?? this.read(tenantId, name);
  }

  kept(tenantId: string, name: string): LogFamily | undefined {
    return this.#kept.get(nameOf(tenantId, name));
  }

  async read(tenantId: string, name: string): Promise<LogFamily | undefined> {
    const family = await this.#work.within([tenantId], (stores) => stores.logFamilies.find(tenantId, name));
    if (family) this.keep(family);
    return family;
  }

  keep(family: LogFamily): void {
    if (this.#kept.size >= MOST) this.#kept.clear();
    this.#kept.set(nameOf(family.tenantId, family.name), family);
  }

  close(): void {
    this.#unsubscribe();
  }
}

function nameOf(tenantId: string, name: string): string {
  return `${tenantId} ${name.toLowerCase()}`;
}

/** The columns that its table has for certain. */
export function appliedColumns({ columns, applied }: LogFamily): readonly LogColumn[] {
  return columns.filter(({ version }) => version <= applied);
}
