import mysql from 'mysql2';
import { LogStoreError } from '../../core/sdk.ts';
import type { Address } from './address.ts';
import { Execution, type CommandConnection } from './execution.ts';

/** Ms within which a server must take a connection, or answer what never has to wait. */
export const CONNECT_TIMEOUT = 2000;

/** Ms after which any other statement is given up, and its connection with it. */
const STATEMENT_TIMEOUT = 30_000;

/** Who connects, and to which database. */
export interface Login {
  readonly user: string;
  readonly password: string;
  readonly database?: string;
}

/** Rows as sent, every value as text in bytes; `affected` counts rows that were changed. */
export interface Result {
  readonly rows: readonly (readonly (Buffer | null)[])[];
  readonly affected: number;
}

/** One connection. Every statement has a time limit of ours: a server that hangs is found out as one that is gone. */
export class Session {
  readonly #connection: mysql.Connection;
  readonly #lost = new Set<(error: Error) => void>();
  /** The server's time limit for queries in ms, as this session set it last. */
  timeLimit = 0;
  #alive = true;

  private constructor(connection: mysql.Connection) {
    this.#connection = connection;
    const lose = (error: Error): void => {
      this.#alive = false;
      for (const tell of [...this.#lost]) tell(error);
    };
    connection.on('error', lose);
    connection.on('end', () =>
      lose(Object.assign(new Error('The server closed the connection.'), { code: 'ECLOSED' })),
    );
  }

  /**
   * Connects and sends `setup`. Rejects with what the server or the network said.
   * @param options.multiple takes several statements in one round trip, for `runAll`
   */
  static async open(
    address: Address,
    { user, password, database }: Login,
    setup: readonly string[],
    { multiple = false }: { readonly multiple?: boolean } = {},
  ): Promise<Session> {
    const connection = mysql.createConnection({
      ...(address.socketPath
        ? { socketPath: address.socketPath }
        : { host: address.host, port: address.port }),
      ...(address.tls === 'off' ? {} : { ssl: { rejectUnauthorized: address.tls === 'verified' } }),
      user,
      password,
      ...(database === undefined ? {} : { database }),
      connectTimeout: CONNECT_TIMEOUT,
      charset: 'UTF8MB4_BIN',
      timezone: 'Z',
      supportBigNumbers: true,
      bigNumberStrings: true,
      multipleStatements: multiple,
      // Each takes about a megabyte of the server's memory.
      maxPreparedStatements: 4,
      // No statement of ours reads a file; a server that asks for one is refused. None has attributes (see packet.ts).
      flags: ['-LOCAL_FILES', '-CLIENT_QUERY_ATTRIBUTES'],
    });
    const session = new Session(connection);
    await new Promise<void>((settle, fail) => {
      connection.connect((error) => (error ? fail(error) : settle()));
    });
    try {
      for (const sql of setup) await session.run(sql, CONNECT_TIMEOUT);
    } catch (error) {
      session.destroy();
      throw error;
    }
    return session;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** The server's number of this connection. */
  get id(): number {
    return this.#connection.threadId;
  }

  /** Calls back once the connection is lost. @returns takes the call back. */
  onLost(tell: (error: Error) => void): () => void {
    this.#lost.add(tell);
    return () => this.#lost.delete(tell);
  }

  /** Runs one statement. */
  run(sql: string, timeout: number = STATEMENT_TIMEOUT): Promise<Result> {
    return new Promise((settle, fail) => {
      this.#connection.query({ sql, timeout, rowsAsArray: true, typeCast: false }, (error, result) => {
        if (error) fail(this.#giveUpIfLate(error));
        else if (Array.isArray(result)) settle({ rows: result as unknown[] as Result['rows'], affected: 0 });
        else settle({ rows: [], affected: result.affectedRows });
      });
    });
  }

  /**
   * Runs statements in one round trip, up to the first that fails; gives the result of the last.
   * @param first ms within which the first must be answered
   */
  runAll(statements: readonly string[], first: number = STATEMENT_TIMEOUT): Promise<Result> {
    const { promise, settle, fail } = settlement<Result>();
    const forget = this.onLost(fail);
    let timer = this.#limit(first, fail);
    const rows: (Buffer | null)[][] = [];
    let affected = 0;
    const query = this.#connection.query({ sql: statements.join('; '), rowsAsArray: true, typeCast: false });
    let answered = 0;
    // Comes once a statement, before its result.
    query.on('fields', () => {
      if (++answered > 1) return;
      clearTimeout(timer);
      timer = this.#limit(STATEMENT_TIMEOUT, fail);
    });
    query.on('result', (result: (Buffer | null)[] | mysql.ResultSetHeader) => {
      if (answered < statements.length) return;
      if (Array.isArray(result)) rows.push(result);
      else affected = result.affectedRows;
    });
    query.on('error', fail);
    query.on('end', () => settle({ rows, affected }));
    return promise.finally(() => {
      clearTimeout(timer);
      forget();
    });
  }

  /** Runs a statement that changes rows and is kept prepared, with the values of a packet of `packetOf`. */
  execute(sql: string, packet: Buffer): Promise<void> {
    const { promise, settle, fail } = settlement<void>();
    const forget = this.onLost(fail);
    const timer = this.#limit(STATEMENT_TIMEOUT, fail);
    const connection = this.#connection as CommandConnection;
    connection.prepare(sql, (error, statement) => {
      if (error) return fail(error);
      // The type leaves it out.
      const { id } = statement as mysql.PrepareStatementInfo & { readonly id: number };
      connection.addCommand(new Execution(id, packet, (failed) => (failed ? fail(failed) : settle())));
    });
    return promise.finally(() => {
      clearTimeout(timer);
      forget();
    });
  }

  /**
   * Runs a query and hands out rows as they come. Nothing is kept here, and a slow caller is not waited for.
   * @param timeout ms for the whole of it.
   */
  stream(sql: string, timeout: number, on: StreamHandlers): Promise<void> {
    const { promise, settle, fail } = settlement<void>();
    const forget = this.onLost(fail);
    const timer = this.#limit(timeout, fail);
    const query = this.#connection.query({ sql, rowsAsArray: true, typeCast: false });
    query.on('fields', (fields: readonly Field[]) => on.fields(fields));
    query.on('result', (row: unknown) => {
      if (Array.isArray(row)) on.row(row as (Buffer | null)[]);
    });
    query.on('error', fail);
    query.on('end', settle);
    return promise.finally(() => {
      clearTimeout(timer);
      forget();
    });
  }

  /** Cuts the connection after so many ms. */
  #limit(timeout: number, fail: (error: Error) => void): NodeJS.Timeout {
    return setTimeout(() => {
      this.destroy();
      fail(new LogStoreError('unavailable', `The server did not answer within ${timeout} ms.`));
    }, timeout);
  }

  /** A late answer may still come, and nobody would know which statement it belongs to. */
  #giveUpIfLate(error: mysql.QueryError): mysql.QueryError {
    if (error.code === 'PROTOCOL_SEQUENCE_TIMEOUT') this.destroy();
    return error;
  }

  /** Cuts the connection; the server rolls back what was not committed. */
  destroy(): void {
    this.#alive = false;
    this.#connection.destroy();
  }

  /** Says goodbye to the server. */
  end(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#connection.end(() => {});
  }
}

interface Field {
  readonly name: string;
  readonly columnType?: number;
}

export interface StreamHandlers {
  fields(fields: readonly Field[]): void;
  row(row: readonly (Buffer | null)[]): void;
}

interface Settlement<T> {
  readonly promise: Promise<T>;
  readonly settle: (result: T) => void;
  readonly fail: (error: Error) => void;
}

function settlement<T>(): Settlement<T> {
  let [settle, fail]: [Settlement<T>['settle'], Settlement<T>['fail']] = [() => {}, () => {}];
  const promise = new Promise<T>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  return { promise, settle, fail };
}
