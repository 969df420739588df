import type { IncomingMessage } from 'node:http';

/** A strong entity tag (RFC 9110, 8.8.3) of a text of visible characters. */
export function entityTag(text: string): string {
  return `"${text}"`;
}

/**
 * Whether a change may be made, by the request's If-Match (RFC 9110, 13.1.1): a weak tag matches nothing.
 * @returns undefined where there is no condition, else whether what is there now is one of those named
 */
export function ifMatch({ headers }: Pick<IncomingMessage, 'headers'>, present: string): boolean | undefined {
  const header = headers['if-match'];
  // What is not there is not found: that any version is there need not be asked.
  if (header === undefined || header.trim() === '*') return undefined;
  return header.split(',').some((tag) => tag.trim() === entityTag(present));
}

/** Whether a reader has what is there already, by the request's If-None-Match (RFC 9110, 13.1.2): weak tags count, too. */
export function ifNoneMatch({ headers }: Pick<IncomingMessage, 'headers'>, etag: string): boolean {
  const tags = (headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim());
  return tags.some((tag) => [etag, `W/${etag}`, '*'].includes(tag));
}
