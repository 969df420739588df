import {
  WarehouseError,
  type Column,
  type Objects,
  type WarehouseInputs,
  type WarehouseRows,
  type WarehouseSession,
  type WarehouseStatement,
  type WrittenPartition,
} from '../../core/sdk.ts';
import { describe } from './describe.ts';
import { toFault } from './faults.ts';
import { Gate } from './gate.ts';
import { query } from './query.ts';
import { Scratch } from './scratch.ts';
import type { Settings } from './settings.ts';
import { cancelled } from './stop.ts';
import type { Workplace } from './workplace.ts';
import { writeRows } from './write-rows.ts';
import { write } from './write.ts';

type WriteTarget = Parameters<WarehouseSession['write']>[2];
type RowsTarget = Parameters<WarehouseSession['writeRows']>[1];

/** Each may take the memory of the settings, and a thread of Node's four; the rest of the process needs some, too. */
const WRITERS = 1;
const READERS = 2;

export class DuckdbSession implements WarehouseSession {
  readonly name = 'duckdb';
  readonly #settings: Settings;
  readonly #objects: Objects;
  readonly #scratch: Scratch;
  readonly #writers = new Gate(WRITERS);
  readonly #readers = new Gate(READERS);
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(settings: Settings, objects: Objects, scratch: string) {
    this.#settings = settings;
    this.#objects = objects;
    this.#scratch = new Scratch(scratch);
  }

  describe(
    inputs: WarehouseInputs,
    statement: WarehouseStatement,
    signal?: AbortSignal,
  ): Promise<readonly Column[]> {
    return this.#work(this.#readers, [signal], (at) => describe(at, inputs, statement));
  }

  write(
    inputs: WarehouseInputs,
    statement: WarehouseStatement,
    target: WriteTarget,
    signal?: AbortSignal,
  ): Promise<readonly WrittenPartition[]> {
    return this.#work(this.#writers, [signal], (at) => write(at, inputs, statement, target));
  }

  writeRows(
    csv: AsyncIterable<Uint8Array>,
    target: RowsTarget,
    signal?: AbortSignal,
  ): Promise<WrittenPartition> {
    return this.#work(this.#writers, [signal], (at) => writeRows(at, csv, target));
  }

  query(
    inputs: WarehouseInputs,
    statement: WarehouseStatement,
    { maxRows, timeoutMs }: { readonly maxRows: number; readonly timeoutMs: number },
    signal?: AbortSignal,
  ): Promise<WarehouseRows> {
    const late = new AbortController();
    const reason = new WarehouseError('timeout', `The query took longer than ${timeoutMs} ms.`);
    const timer = setTimeout(() => late.abort(reason), timeoutMs);
    const answer = this.#work(this.#readers, [signal, late.signal], (at) =>
      query(at, inputs, statement, maxRows),
    );
    return answer.finally(() => clearTimeout(timer));
  }

  async close(): Promise<void> {
    this.#closing.abort(cancelled());
    await Promise.allSettled(this.#running);
  }

  async #work<T>(
    gate: Gate,
    signals: readonly (AbortSignal | undefined)[],
    use: (at: Workplace) => Promise<T>,
  ): Promise<T> {
    const signal = AbortSignal.any([this.#closing.signal, ...signals.filter((one) => one !== undefined)]);
    const done = gate.pass(signal, () =>
      this.#scratch.use((scratch) =>
        use({ settings: this.#settings, objects: this.#objects, scratch, signal }),
      ),
    );
    this.#running.add(done);
    try {
      return await done;
    } catch (error) {
      throw signal.aborted && !(error instanceof WarehouseError) ? asFault(signal.reason) : toFault(error);
    } finally {
      this.#running.delete(done);
    }
  }
}

/** A caller's signal has a reason of its own kind. */
function asFault(reason: unknown): WarehouseError {
  return reason instanceof WarehouseError ? reason : cancelled();
}
