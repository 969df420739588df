import { SluiceError, type ErrorCode } from '../../../kernel/errors.ts';

export type SqlFaultCode = Extract<
  ErrorCode,
  | 'SQL_SYNTAX'
  | 'SQL_REFUSED'
  | 'UNKNOWN_COLUMN'
  | 'NOT_FOUND'
  | 'type_mismatch'
  | 'query_too_complex'
  | 'cross_shard_unsupported'
>;

/** What is wrong with a query, and where: `at` counts UTF-16 units of its text. It leaves this folder as a SluiceError. */
export class SqlFault extends Error {
  override readonly name = 'SqlFault';
  readonly code: SqlFaultCode;
  readonly at: number | undefined;

  constructor(code: SqlFaultCode, message: string, at?: number) {
    super(message);
    this.code = code;
    this.at = at;
  }
}

/** 400: it is not SQL. */
export function syntax(message: string, at?: number): SqlFault {
  return new SqlFault('SQL_SYNTAX', message, at);
}

/** 422: it is SQL, and not of the part that is accepted here. */
export function refused(message: string, at?: number): SqlFault {
  return new SqlFault('SQL_REFUSED', message, at);
}

/** 422: it is a statement of another kind, such as DELETE. */
export class NotAQuery extends SqlFault {
  constructor(message: string, at?: number) {
    super('SQL_REFUSED', message, at);
  }
}

export function mismatch(message: string, at?: number): SqlFault {
  return new SqlFault('type_mismatch', message, at);
}

export function tooComplex(message: string): SqlFault {
  return new SqlFault('query_too_complex', message);
}

/** The error that leaves the platform, its place given as line and column of `text`. */
export function asSluiceError(error: unknown, text: string): unknown {
  if (!(error instanceof SqlFault)) return error;
  const { code, message, at } = error;
  return new SluiceError(code, at === undefined ? message : `At ${placeOf(text, at)}: ${message}`, {
    cause: error,
  });
}

function placeOf(text: string, at: number): string {
  const before = text.slice(0, at).split('\n');
  return `line ${before.length}, column ${before.at(-1)!.length + 1}`;
}
