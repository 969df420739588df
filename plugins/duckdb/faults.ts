import { ObjectStoreError, WarehouseError, type WarehouseFault } from '../../core/sdk.ts';

/** The kinds of error that DuckDB's messages begin with. What is not here is a mistake in the statement. */
const BY_KIND: readonly (readonly [RegExp, WarehouseFault])[] = [
  [/^(Conversion|Constraint|Out of Range|Invalid Input) Error/, 'invalid'],
  [/^Out of Memory Error/, 'exhausted'],
  [/^IO Error.*(No space left|disk full)/is, 'exhausted'],
  [/^(IO|FATAL|INTERNAL) Error/i, 'unavailable'],
];

/** What a caller is told: errors of the engine become WarehouseErrors, all others stay as they are. */
export function toFault(error: unknown): unknown {
  if (error instanceof WarehouseError || error instanceof ObjectStoreError || !(error instanceof Error))
    return error;
  const message = error.message.replace(/^Failed to extract statements: /, '');
  if (!/^[A-Z][A-Za-z -]* Error: /.test(message)) return error;
  const fault = BY_KIND.find(([kind]) => kind.test(message))?.[1] ?? 'refused';
  return new WarehouseError(fault, advice(fault) + firstPart(message), { cause: error });
}

function advice(fault: WarehouseFault): string {
  return fault === 'exhausted'
    ? 'The warehouse ran out of room; raise memory= in its URL, or free disk space. '
    : '';
}

/** Behind an empty line come the statement and what the engine would try. */
function firstPart(message: string): string {
  return message.split(/\n\n|\nPossible (?:fixes|[Ss]olution)/)[0] ?? message;
}
