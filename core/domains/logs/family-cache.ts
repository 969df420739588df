import type { LogColumn } from '../../kernel/logs.ts';
import type { LogFamily } from '../../kernel/stores/logs.ts';
import type { Change, ChangeFeed, UnitOfWork } from '../../kernel/stores/stores.ts';

const MOST = 5000;

/**
 * Families as this process last saw them. What is kept may be old without much harm: columns are only ever added and never
 * change their type, so whoever misses one reads again, and a write to where a family was is refused by the fence on the
 * shard. Whether a family is forwarded nobody would miss, so nothing is kept that a change may have come before.
 */
export class FamilyCache {
  readonly #work: UnitOfWork;
  readonly #changes: ChangeFeed;
  /** By tenant and lower-case name. */
  readonly #kept = new Map<string, LogFamily>();
  readonly #unsubscribe: () => void;
  /** How much was heard that may concern families. */
  #heard = 0;

  constructor({ work, changes }: { readonly work: UnitOfWork; readonly changes: ChangeFeed }) {
    this.#work = work;
    this.#changes = changes;
    this.#unsubscribe = changes.subscribe((change) => this.#hear(change));
  }

  /** Whatever the case of the name. What is kept comes without a promise's turn. */
  get(tenantId: string, name: string): LogFamily | Promise<LogFamily | undefined> {
    return this.kept(tenantId, name) ?? this.read(tenantId, name);
  }

  kept(tenantId: string, name: string): LogFamily | undefined {
    return this.#changes.live ? this.#kept.get(nameOf(tenantId, name)) : undefined;
  }

  async read(tenantId: string, name: string): Promise<LogFamily | undefined> {
    const before = this.#heard;
    const family = await this.#work.within([tenantId], (stores) => stores.logFamilies.find(tenantId, name));
    if (family && before === this.#heard) this.#keep(family);
    return family;
  }

  #keep(family: LogFamily): void {
    if (this.#kept.size >= MOST) this.#kept.clear();
    this.#kept.set(nameOf(family.tenantId, family.name), family);
  }

  #hear(change: Change | undefined): void {
    if (change && change.noun !== 'logFamily' && change.noun !== 'logRoute') return;
    this.#heard++;
    if (!change) this.#kept.clear();
    else if (change.noun === 'logFamily') this.#kept.delete(nameOf(change.tenantId, change.id));
    else this.#forget(change.tenantId);
  }

  #forget(tenantId: string): void {
    for (const [name, family] of this.#kept) if (family.tenantId === tenantId) this.#kept.delete(name);
  }

  close(): void {
    this.#unsubscribe();
  }
}

function nameOf(tenantId: string, name: string): string {
  return `${tenantId} ${name.toLowerCase()}`;
}

/** The columns that its table has for certain. */
export function appliedColumns({ columns, applied }: Pick<LogFamily, 'columns' | 'applied'>): readonly LogColumn[] {
  return columns.filter(({ version }) => version <= applied);
}
