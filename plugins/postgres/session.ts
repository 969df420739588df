import pg from 'pg';
import { LogStoreError, type Json, type LogValue } from '../../core/sdk.ts';
import { CopyIn } from './copy-in.ts';

/** Ms after which a statement is given up, and its connection with it. */
const STATEMENT_TIMEOUT = 62_000;

/** Rows by position; values as pg gives them. */
export interface Result {
  readonly rows: readonly (readonly unknown[])[];
  readonly affected: number;
}

/** One connection for the time of a transaction or more. Every statement has a time limit of ours. */
export class Session {
  readonly #client: pg.PoolClient;
  #alive = true;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** The server's process for this connection. */
  get id(): number {
    // The type leaves it out.
    return (this.#client as pg.PoolClient & { processID: number }).processID;
  }

  /** Statements without values; the result is the last one's. One round trip, however many they are. */
  async send(sql: string, timeout?: number): Promise<Result> {
    const results: pg.QueryArrayResult | pg.QueryArrayResult[] = await this.#within(
      timeout,
      this.#client.query({ text: sql, rowMode: 'array' }),
    );
    const last = Array.isArray(results) ? (results as pg.QueryArrayResult[]).at(-1) : results;
    return { rows: last?.rows ?? [], affected: last?.rowCount ?? 0 };
  }

  /**
   * Statements without values in one round trip; the result is the last one's.
   * @param first ms within which the first must be answered
   */
  async sendAll(statements: readonly string[], first: number): Promise<Result> {
    const { connection } = this.#client;
    const sent = this.send(statements.join('; '));
    let tell = (): void => {};
    const answered = new Promise<void>((settle) => (tell = settle));
    connection.once('commandComplete', tell);
    try {
      await this.#within(first, Promise.race([answered, sent]));
      return await sent;
    } finally {
      connection.off('commandComplete', tell);
      sent.catch(() => undefined);
    }
  }

  /** One statement with bound values. */
  async run(sql: string, values: readonly unknown[]): Promise<Result> {
    const result = await this.#within(
      undefined,
      this.#client.query({ text: sql, values: [...values], rowMode: 'array' }),
    );
    return { rows: result.rows, affected: result.rowCount ?? 0 };
  }

  copyIn(sql: string, text: Iterable<string>): Promise<void> {
    const copied = new Promise<void>((settle, fail) => {
      this.#client.query(new CopyIn(sql, text, settle, fail));
    });
    return this.#within(undefined, copied);
  }

  /** Runs one query and hands out rows as they come; nothing is kept here. */
  stream(
    { sql, values }: { readonly sql: string; readonly values: readonly LogValue[] },
    types: pg.CustomTypesConfig,
    timeout: number,
    onRow: (row: readonly Json[]) => void,
  ): Promise<readonly string[]> {
    // The extended protocol takes one statement only, also where no value is bound.
    const config = { text: sql, values: [...values], rowMode: 'array', queryMode: 'extended', types };
    const query = new pg.Query<Json[]>(config);
    const ended = new Promise<readonly string[]>((settle, fail) => {
      query.on('row', onRow);
      query.on('error', fail);
      query.on('end', (result) => settle(result.fields.map(({ name }) => name)));
    });
    this.#client.query(query);
    return this.#within(timeout, ended);
  }

  /** Cuts the connection; the server rolls back what was not committed. */
  destroy(): void {
    this.#alive = false;
    this.#client.connection.stream.destroy();
  }

  async #within<T>(ms: number = STATEMENT_TIMEOUT, answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, fail) => {
      timer = setTimeout(() => {
        this.destroy();
        fail(new LogStoreError('unavailable', `The server did not answer within ${ms} ms.`));
      }, ms);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
