import type { Json } from '../../../kernel/json.ts';
import type { LogColumn, LogValue } from '../../../kernel/logs.ts';
import type { StoredEvent } from '../filter/matches.ts';
import { decodeRow } from '../sql/decode.ts';

const TIME = { columns: [{ type: 'timestamp' }] } as const;

/** An event on its way to those who tail its family; written as JSON once for all of them. */
export class TailedEvent {
  readonly id: number;
  readonly #time: string;
  readonly #columns: readonly LogColumn[];
  readonly #values: readonly LogValue[];
  #stored: StoredEvent | undefined;
  #json: string | undefined;

  /**
   * @param time of receipt, as it is stored
   * @param values in the order of the columns, as they are stored
   */
  constructor(id: number, time: string, columns: readonly LogColumn[], values: readonly LogValue[]) {
    this.id = id;
    this.#time = time;
    this.#columns = columns;
    this.#values = values;
  }

  /** What filters look at. */
  get stored(): StoredEvent {
    if (!this.#stored) {
      const entries = this.#columns.map(({ name }, i) => [name, this.#values[i] ?? null] as const);
      this.#stored = { ...Object.fromEntries(entries), id: this.id, _time: this.#time };
    }
    return this.#stored;
  }

  /** `{id, time, fields}`: fields that it has, as answers of queries show them. */
  get json(): string {
    if (this.#json === undefined) {
      const values = decodeRow({ columns: this.#columns }, this.#values);
      const fields = this.#columns.map(({ name }, i): [string, Json] => [name, values[i] ?? null]);
      const present = Object.fromEntries(fields.filter(([, value]) => value !== null));
      this.#json = JSON.stringify({ id: this.id, time: decodeRow(TIME, [this.#time])[0], fields: present });
    }
    return this.#json;
  }
}
