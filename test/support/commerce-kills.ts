import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { CommercePlace } from './commerce.ts';
import type { Random } from './random.ts';

export const PHASES = ['load', 'export', 'build', 'swap'] as const;
export type Phase = (typeof PHASES)[number];

/** A moment of a run that is seen from outside. */
export interface Moment {
  readonly what: string;
  /** Waits for it. @returns false where the run has ended before */
  readonly reached: (watch: Watch) => Promise<boolean>;
}

/** Ms until a moment that does not come is given up. */
const PATIENCE = 30_000;

/** What can be seen of a run, and held back. */
export class Watch {
  readonly #place: CommercePlace;
  readonly #run: string;
  readonly #holding: pg.Client[] = [];
  /** Objects that killed processes have left on their way. */
  readonly #left: number;

  private constructor(place: CommercePlace, run: string, left: number) {
    this.#place = place;
    this.#run = run;
    this.#left = left;
  }

  static async on(place: CommercePlace, run: string): Promise<Watch> {
    return new Watch(place, run, (await incoming(place)).length);
  }

  async count(sql: string): Promise<number> {
    return (await this.#place.db.query(sql)).rowCount ?? 0;
  }

  /** Looks again and again, until a query gives so many rows or the run has ended. */
  rows(sql: string, least: number): Promise<boolean> {
    return this.#until(async () => (await this.count(sql)) >= least);
  }

  /** The same until an object is on its way into the folder while a query gives a row. */
  arriving(sql: string): Promise<boolean> {
    return this.#until(async () => (await incoming(this.#place)).length > this.#left && (await this.count(sql)) > 0);
  }

  async over(): Promise<boolean> {
    return !(await this.#until(async () => false));
  }

  /** Lets nobody write to a table until it is released. */
  async holdBack(table: string): Promise<void> {
    const client = await this.#place.connect();
    this.#holding.push(client);
    await client.query(`BEGIN; LOCK TABLE ${table} IN SHARE MODE`);
  }

  async release(): Promise<void> {
    for (const client of this.#holding.splice(0)) await client.end();
  }

  async #until(holds: () => Promise<boolean>): Promise<boolean> {
    for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await sleep(1)) {
      if (await holds()) return true;
      if ((await this.#place.ended(this.#run)) !== undefined) return false;
    }
    throw new Error(`The run ${this.#run} neither came there nor ended.`);
  }
}

async function incoming({ objectsFolder }: CommercePlace): Promise<readonly string[]> {
  return readdir(path.join(objectsFolder, '.incoming')).catch(() => []);
}

const FILES = `SELECT FROM dataset_loads WHERE kind = 'file'`;
const OPEN_EXPORT = 'SELECT id FROM dataset_exports WHERE committed_at IS NULL';
const EXPORTED = `SELECT FROM dataset_exported_tables WHERE export_id IN (${OPEN_EXPORT})`;
const STAGED = 'SELECT DISTINCT table_name FROM dataset_staged';
/** The last model: behind it comes nothing but the swap. */
const ALL_STAGED = `SELECT FROM dataset_staged WHERE table_name = 'unmatched_transactions'`;

/** Statements of a process that are being done. Messages are taken in meanwhile: their columns are others. */
const doing = (...patterns: readonly string[]): string => `
  SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sluice' AND state = 'active'
  ${patterns.map((pattern) => `AND query ~ '${pattern}'`).join(' ')}`;

/** Moments of each phase; numbers in them are drawn. */
export const MOMENTS: Readonly<Record<Phase, readonly ((random: Random) => Moment)[]>> = {
  load: [
    (random) => {
      const files = random.between(1, 6);
      return {
        what: `${files} more files are in the ledger`,
        reached: async (watch) => watch.rows(FILES, (await watch.count(FILES)) + files),
      };
    },
    () => ({
      what: 'a file is copied in',
      reached: (watch) => watch.rows(doing('^COPY pg_temp', 'customer_id|quantity|price|product_type'), 1),
    }),
    () => ({
      what: 'a file is merged',
      reached: (watch) => watch.rows(doing('"staged_', '"(product|variant|orders|order_lines)"'), 1),
    }),
  ],
  export: [
    (random) => {
      const tables = random.between(1, 6);
      return { what: `${tables} tables are exported`, reached: (watch) => watch.rows(EXPORTED, tables) };
    },
    () => ({ what: 'an export is open', reached: (watch) => watch.rows(OPEN_EXPORT, 1) }),
    () => ({ what: 'rows are read for an export', reached: (watch) => watch.rows(doing('^COPY \\('), 1) }),
    () => ({ what: 'an exported object arrives', reached: (watch) => watch.arriving(OPEN_EXPORT) }),
  ],
  build: [
    (random) => {
      const models = random.between(1, 3);
      return { what: `${models} models are staged`, reached: (watch) => watch.rows(STAGED, models) };
    },
    () => ({ what: 'an object of a model arrives', reached: (watch) => watch.arriving(STAGED) }),
  ],
  swap: [
    () => ({
      what: 'the swap is under way',
      reached: async (watch) => {
        if (!(await watch.rows(STAGED, 1))) return false;
        // From here on only the swap writes the manifest: it waits for this.
        await watch.holdBack('dataset_partitions');
        return watch.rows(doing('DELETE FROM dataset_staged'), 1);
      },
    }),
    () => ({ what: 'all models are staged', reached: (watch) => watch.rows(ALL_STAGED, 1) }),
    () => ({ what: 'the run is over', reached: (watch) => watch.over() }),
  ],
};

/** In which phase a killed process has left a run; where a build had just ended, in the swap. */
export async function phaseOf({ db }: CommercePlace, what: 'load' | 'build', run: string): Promise<Phase | undefined> {
  const { rows } = await db.query<Record<'open' | 'exporting' | 'staged', boolean>>(
    `SELECT state NOT IN ('succeeded', 'failed', 'cancelled') AS open,
       EXISTS (${OPEN_EXPORT}) OR NOT EXISTS (SELECT FROM dataset_exports WHERE run_id = runs.id) AS exporting,
       EXISTS (${ALL_STAGED}) AS staged
     FROM runs WHERE id = $1`,
    [run],
  );
  const { open, exporting, staged } = rows[0]!;
  if (what === 'load') return open ? 'load' : undefined;
  if (!open || staged) return 'swap';
  return exporting ? 'export' : 'build';
}
