import type pg from 'pg';

/** What pg's connection can do for COPY, and its types leave out. */
interface CopyConnection extends pg.Connection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(reason: string): void;
}

/** `COPY ... FROM STDIN` with text at hand, as a statement that pg's client can queue. */
export class CopyIn implements pg.Submittable {
  readonly #sql: string;
  readonly #text: Iterable<string>;
  readonly #settle: () => void;
  readonly #fail: (error: unknown) => void;
  #error: unknown;

  constructor(sql: string, text: Iterable<string>, settle: () => void, fail: (error: unknown) => void) {
    this.#sql = sql;
    this.#text = text;
    this.#settle = settle;
    this.#fail = fail;
  }

  submit = (connection: pg.Connection): void => {
    connection.query(this.#sql);
  };

  handleCopyInResponse(connection: CopyConnection): void {
    try {
      for (const text of this.#text) connection.sendCopyFromChunk(Buffer.from(text));
      connection.endCopyFrom();
    } catch (error) {
      this.#error = error;
      connection.sendCopyFail('The rows could not be written.');
    }
  }

  handleCommandComplete(): void {
    // The server is ready for the next statement only after it; see handleReadyForQuery.
  }

  handleError(error: unknown): void {
    this.#fail(this.#error ?? error);
  }

  handleReadyForQuery(): void {
    this.#settle();
  }
}
