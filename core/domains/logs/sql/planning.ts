import { SqlFault } from './fault.ts';
import { didYouMean } from '../../../kernel/suggest.ts';
import { RAW_LOGS, type Catalog, type FamilyShape } from './catalog.ts';
import type { Name } from './syntax-tree.ts';

interface Use {
  readonly family: FamilyShape;
  readonly clause: string;
  readonly at: number;
}

/** What one query's planning knows and gathers: the families it uses, and numbers for what it emits. */
export class Planning {
  readonly now: Date;
  readonly #catalog: Catalog;
  readonly #uses: Use[] = [];
  #next = 0;

  constructor(catalog: Catalog, now: Date) {
    this.#catalog = catalog;
    this.now = now;
  }

  nextId(): number {
    return this.#next++;
  }

  /** @throws SqlFault NOT_FOUND, alike for what never existed and what is another tenant's */
  family({ text, at }: Name): FamilyShape {
    const family = this.#catalog.family(text);
    if (family) return family;
    const names = [...this.#catalog.families().map(({ name }) => name), RAW_LOGS];
    throw new SqlFault('NOT_FOUND', `there is no family ${JSON.stringify(text)}.${didYouMean(text, names)}`, at);
  }

  families(): readonly FamilyShape[] {
    return this.#catalog.families();
  }

  use(family: FamilyShape, clause: string, at: number): void {
    this.#uses.push({ family, clause, at });
  }

  get used(): readonly string[] {
    return [...new Set(this.#uses.map(({ family }) => family.name))];
  }

  /**
   * The shard that holds all families of the query; undefined where it uses none, and any will do.
   * @throws SqlFault cross_shard_unsupported naming the clause that needs a second shard
   */
  shard(): string | undefined {
    const first = this.#uses[0];
    const other = this.#uses.find(({ family }) => family.shard !== first!.family.shard);
    if (!other) return first?.family.shard;
    const remedy =
      other.clause === RAW_LOGS
        ? "ask one family at a time with WHERE family = '...'"
        : 'ask each family by itself, or place them on one shard';
    const message = `${other.clause} needs the family ${other.family.name}, which lies on another shard than ${first!.family.name}: ${remedy}`;
    throw new SqlFault('cross_shard_unsupported', message, other.at);
  }
}
