/** Why a file is not taken at all. The message is what the ledger keeps. */
export class FileRefused extends Error {
  override readonly name = 'FileRefused';
}
