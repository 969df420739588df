import { ObjectStoreError, type ObjectStoreFault } from '../../core/sdk.ts';

const BY_CODE: ReadonlyMap<string, ObjectStoreFault> = new Map<string, ObjectStoreFault>([
  ['EACCES', 'denied'],
  ['EPERM', 'denied'],
  ['EROFS', 'denied'],
  ['EISDIR', 'invalid_key'],
  ['ENOTDIR', 'invalid_key'],
  ['ENOTEMPTY', 'invalid_key'],
  ['ENAMETOOLONG', 'invalid_key'],
]);

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** Nothing is there, or a file stands where the key has a folder: as good as nothing for whoever reads. */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** What a caller is told of a file system's error; anything else as it is. */
export function toFault(error: unknown, what: string): unknown {
  const code = codeOf(error);
  if (error instanceof ObjectStoreError || !(error instanceof Error) || !/^E[A-Z0-9]+$/.test(code ?? ''))
    return error;
  const fault = BY_CODE.get(code ?? '') ?? 'unavailable';
  const hint = fault === 'invalid_key' ? ' Here a key cannot be an object and the begin of another one.' : '';
  return new ObjectStoreError(fault, `${what}: ${error.message}.${hint}`, { cause: error });
}
