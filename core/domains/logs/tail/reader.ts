import { SluiceError } from '../../../kernel/errors.ts';
import type { LogColumn, LogRows, LogStatement, LogValue } from '../../../kernel/logs.ts';
import type { LogFamily } from '../../../kernel/stores/logs.ts';
import type { FamilyCache } from '../family-cache.ts';
import { faultOf } from '../faults.ts';
import { homeOf } from '../growth.ts';
import type { IdRange } from '../ids.ts';
import { readError } from '../queries.ts';
import type { Shards } from '../shards.ts';
import { TailedEvent } from './tailed-event.ts';
import { presentStatement, unseenStatement, type Table } from './unseen.ts';

const TIMEOUT_MS = 15_000;
/** Rows of a read, and the bytes that they may take; a single row may take more, which a request can bring. */
const PAGE = { rows: 1000, bytes: 2 * 1024 * 1024 };
const ONE_ROW = 64 * 1024 * 1024;
const MOST_PRESENT = 1_000_000;

/** Events read from a shard, in the order of their ids, and the family as it was then. */
export interface Page {
  readonly family: LogFamily;
  readonly events: readonly TailedEvent[];
  /** Whether there may be more. */
  readonly full: boolean;
}

/** Reads a family's events by their ids. */
export class Reader {
  readonly #families: FamilyCache;
  readonly #shards: Shards;
  readonly #tenantId: string;
  readonly #name: string;
  readonly #signal: AbortSignal;
  #rows = PAGE.rows;

  constructor(
    on: { readonly families: FamilyCache; readonly shards: Shards },
    { tenantId, name }: Pick<LogFamily, 'tenantId' | 'name'>,
    signal: AbortSignal,
  ) {
    this.#families = on.families;
    this.#shards = on.shards;
    this.#tenantId = tenantId;
    this.#name = name;
    this.#signal = signal;
  }

  /** The ids there are from `first` on. */
  async present(first: number): Promise<readonly IdRange[]> {
    const family = await this.#family();
    const limits = { timeoutMs: TIMEOUT_MS, maxRows: MOST_PRESENT, maxBytes: ONE_ROW };
    try {
      const { rows } = await this.#ask(family, limits, (table) => presentStatement(table, first));
      return rows.map(([min, max]) => ({ first: Number(min), end: Number(max) + 1 }));
    } catch (error) {
      throw readError(homeOf(family).shard, limits, error);
    }
  }

  /** The first events with ids of these ranges; seen ones may be among them. */
  async read(unseen: readonly IdRange[]): Promise<Page> {
    for (;;) {
      const family = await this.#family();
      const rows = this.#rows;
      let limit = 0;
      const limits = { timeoutMs: TIMEOUT_MS, maxRows: MOST_PRESENT, maxBytes: rows === 1 ? ONE_ROW : PAGE.bytes };
      try {
        const found = await this.#ask(family, limits, (table) => {
          const made = unseenStatement(table, unseen, rows);
          limit = made.limit;
          return made.statement;
        });
        this.#rows = Math.min(PAGE.rows, rows * 2);
        return { ...(await this.#eventsOf(family, found)), full: found.rows.length >= limit };
      } catch (error) {
        if (faultOf(error) !== 'too_large' || rows === 1) throw error;
        this.#rows = Math.max(1, Math.floor(rows / 8));
      }
    }
  }

  async #ask(
    family: LogFamily,
    limits: { timeoutMs: number; maxRows: number; maxBytes: number },
    statementFor: (table: Table) => LogStatement,
  ): Promise<LogRows> {
    const { shard: name } = homeOf(family);
    const shard = await this.#shards.open(name);
    const tenant = await this.#shards.tenant(this.#tenantId, name);
    const table = { dialect: shard.dialect, home: shard.homeOf(tenant), family: this.#name };
    return shard.query(tenant, statementFor(table), limits, this.#signal);
  }

  async #eventsOf(known: LogFamily, found: LogRows): Promise<Pick<Page, 'family' | 'events'>> {
    // Rows come with columns that this process may not have heard of.
    const isKnown = new Set(['id', '_time', ...known.columns.map(({ name }) => name)]);
    const family = found.columns.every((name) => isKnown.has(name)) ? known : await this.#fresh();
    const places = new Map(found.columns.map((name, i) => [name, i]));
    const columns: LogColumn[] = family.columns.filter(({ name }) => places.has(name));
    const [id, time] = [places.get('id')!, places.get('_time')!];
    const events = found.rows.map((row) => {
      const values = columns.map(({ name, type }) => storedValue(type, row[places.get(name)!] as LogValue));
      return new TailedEvent(Number(row[id]), row[time] as string, columns, values);
    });
    return { family, events };
  }

  async #family(): Promise<LogFamily> {
    return (await this.#families.get(this.#tenantId, this.#name)) ?? this.#fresh();
  }

  async #fresh(): Promise<LogFamily> {
    const family = await this.#families.read(this.#tenantId, this.#name);
    if (family) return family;
    throw new SluiceError('NOT_FOUND', `There is no log family "${this.#name}" any more.`);
  }
}

/** MySQL has 0 and 1 for false and true; all else comes as it is stored. */
function storedValue(type: LogColumn['type'], value: LogValue): LogValue {
  return type === 'bool' && value !== null ? value === true || Number(value) === 1 : value;
}
