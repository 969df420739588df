import { StepFault } from '../../../kernel/errors.ts';
import { ObjectStoreError } from '../../../kernel/objects.ts';
import type { DatasetWork, LoadedPiece } from '../../../kernel/services.ts';
import {
  OperationalError,
  type DatasetRef,
  type LoadCounts,
  type LoadRows,
  type OperationalStore,
  type OperationalStores,
} from '../../../kernel/stores/operational.ts';
import type { DatasetPlan } from '../../../language/plan-dataset.ts';
import type { DatasetDeps } from '../deps.ts';
import { columnWriters } from './columns/column-writer.ts';
import { csvRows } from './csv/csv-file.ts';
import { FileRefused } from './csv/refused.ts';
import { beginOf, fileSources, landedFiles, type LandedFile } from './landing.ts';

/** A piece begins no further file after so long: the trace of a run stays short, and its wait for the next piece too. */
const PIECE_MS = 5000;

/** A file that is still being written after so long is for the next load. */
const WAIT_MS = 60_000;

/** How soon files that changed while they were read are looked at again. */
const AGAIN_MS = 1000;

/** Runs whose place among the files is remembered. Those beyond look from the beginning, which costs time only. */
const MOST_RUNS = 100;

type Store = Pick<OperationalStore, 'load' | 'refuse' | 'known'>;

export interface FileLoadDeps extends Pick<DatasetDeps, 'catalogue' | 'objects' | 'clock'> {
  readonly operational: { open(...of: Parameters<OperationalStores['open']>): Promise<Store> };
}

/** Where a run has come to among the files that have landed. */
interface Look {
  readonly files: AsyncGenerator<LandedFile>;
  /** A file changed while it was read. */
  again: boolean;
}

interface Place {
  look: Look | undefined;
  /** Since when no file was whole; ms since the epoch. */
  waiting: number | undefined;
}

/** What a piece works with. */
interface Workplace {
  readonly store: Store;
  readonly plan: DatasetPlan;
  readonly dataset: DatasetRef;
  readonly work: DatasetWork;
}

/** A file on its way into the store. Neither promise is lost where nobody waits for it. */
interface Taking {
  /** It was read to its end, or not taken. */
  readonly read: Promise<unknown>;
  readonly done: Promise<void>;
}

type Counts = { -readonly [Name in keyof LoadCounts | 'files']: number };

/** Takes files that have landed into the operational store. */
export class FileLoads {
  readonly #deps: FileLoadDeps;
  readonly #places = new Map<string, Place>();

  constructor(deps: FileLoadDeps) {
    this.#deps = deps;
  }

  /** See DatasetServices.load. A run goes through the files once: what lands behind it is for the next one. */
  async load(work: DatasetWork): Promise<LoadedPiece> {
    const place = this.#placeOf(work.runId);
    try {
      const workplace = await this.#workplace(work);
      place.look ??= {
        files: landedFiles(
          this.#deps.objects,
          workplace.store,
          workplace.dataset,
          workplace.plan,
          work.definition.hash,
        ),
        again: false,
      };
      const counts: Counts = { files: 0, rows: 0, loaded: 0, held: 0, quarantined: 0, deduplicated: 0 };
      const isLast = await this.#takeFiles(workplace, place.look, counts);
      if (!isLast) return { ...counts, done: false };
      if (counts.files > 0) place.waiting = undefined;
      const wait = await this.#waitFor(workplace, place);
      if (wait === undefined) this.#places.delete(work.runId);
      return { ...counts, ...(wait === undefined ? { done: true } : { done: false, settlesInMs: wait }) };
    } catch (error) {
      // The file at hand is found again from the beginning.
      this.#places.delete(work.runId);
      throw error;
    }
  }

  #placeOf(runId: string): Place {
    const place = this.#places.get(runId) ?? { look: undefined, waiting: undefined };
    this.#places.delete(runId);
    this.#places.set(runId, place);
    const [oldest] = this.#places.keys();
    if (this.#places.size > MOST_RUNS && oldest !== undefined) this.#places.delete(oldest);
    return place;
  }

  async #workplace(work: DatasetWork): Promise<Workplace> {
    const plan = (await this.#deps.catalogue.planByHash(work.definition.hash))?.dataset;
    if (!plan)
      throw new StepFault(
        'config',
        `The definition "${work.dataset}" of this run is no dataset that can be read any more.`,
      );
    const dataset = { tenantId: work.tenantId, id: work.dataset };
    return { work, plan, dataset, store: await this.#deps.operational.open(dataset, plan.tables) };
  }

  /**
   * Takes files until none is left or the piece is long enough: while PostgreSQL merges one, the next is read and staged.
   * They are merged in their order, so that parents come before what refers to them.
   * @returns whether none is left
   */
  async #takeFiles(workplace: Workplace, look: Look, counts: Counts): Promise<boolean> {
    const until = this.#deps.clock.now() + PIECE_MS;
    let before = Promise.resolve();
    try {
      while (this.#deps.clock.now() < until) {
        workplace.work.signal.throwIfAborted();
        const next = await look.files.next();
        if (next.done) return true;
        const { read, done } = this.#take(workplace, look, next.value, counts, before);
        const merged = before;
        before = done;
        await read;
        await merged;
      }
      return false;
    } finally {
      await before;
    }
  }

  #take(workplace: Workplace, look: Look, file: LandedFile, counts: Counts, before: Promise<unknown>): Taking {
    const { objects } = this.#deps;
    const { source, object } = file;
    const content = objects.read(object.key, { etag: object.etag, signal: workplace.work.signal });
    const rows = csvRows(source, columnWriters(source), content);
    let isRead = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      isRead = resolve;
    });
    const done = this.#load(workplace, look, file, { ...rows, text: endingAfter(rows.text, before, isRead) }, counts);
    return { read: Promise.race([ended, done.catch(() => undefined)]), done };
  }

  async #load(
    { store, work }: Workplace,
    look: Look,
    { source, object }: LandedFile,
    rows: LoadRows,
    counts: Counts,
  ): Promise<void> {
    const load = {
      kind: 'file' as const,
      source: source.name,
      object: object.key,
      etag: object.etag,
      definitionHash: work.definition.hash,
      runId: work.runId,
    };
    try {
      const taken = await store.load(load, rows);
      if (taken !== 'known') add(counts, taken);
    } catch (error) {
      if (error instanceof FileRefused || (error instanceof OperationalError && error.fault === 'invalid'))
        await store.refuse(load, error.message);
      else if (isGone(error)) look.again = true;
      else throw error;
    }
  }

  /** Ms until it is worth looking again; undefined where nothing is to be waited for. */
  async #waitFor({ plan, dataset }: Workplace, place: Place): Promise<number | undefined> {
    const waits = place.look?.again === true ? [AGAIN_MS] : [];
    for (const source of fileSources(plan)) {
      const wait = await this.#deps.objects.settling(beginOf(dataset, source));
      if (wait !== undefined) waits.push(wait);
    }
    place.look = undefined;
    if (waits.length === 0) return undefined;
    const now = this.#deps.clock.now();
    place.waiting ??= now;
    const wait = Math.min(...waits);
    return now + wait - place.waiting > WAIT_MS ? undefined : wait;
  }
}

/** Whether there is a file to load, so that runs are made where they have something to do. */
export async function hasLanded(
  { operational, objects }: Pick<FileLoadDeps, 'operational' | 'objects'>,
  dataset: DatasetRef,
  { plan, definitionHash }: { readonly plan: DatasetPlan; readonly definitionHash: string },
): Promise<boolean> {
  const store = await operational.open(dataset, plan.tables);
  for await (const _ of landedFiles(objects, store, dataset, plan, definitionHash)) return true;
  return false;
}

/** The text, which ends only once the load before has; that it was read is told at once. */
async function* endingAfter(text: LoadRows['text'], before: Promise<unknown>, read: () => void): AsyncGenerator<string | Uint8Array> {
  try {
    yield* text;
  } finally {
    read();
  }
  // Whoever waits for that load hears of its trouble.
  await before.catch(() => undefined);
}

function isGone(error: unknown): boolean {
  return error instanceof ObjectStoreError && (error.fault === 'changed' || error.fault === 'not_found');
}

function add(counts: Counts, taken: LoadCounts): void {
  counts.files++;
  counts.rows += taken.rows;
  counts.loaded += taken.loaded;
  counts.held += taken.held;
  counts.quarantined += taken.quarantined;
  counts.deduplicated += taken.deduplicated;
}
