import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDuration } from '../../core/sdk.ts';

export interface Address {
  readonly folder: string;
  /** Ms for which a file must have been left alone, where nothing else says that it is whole. See `isWhole`. */
  readonly settle: number;
}

const SETTLE = 5000;

/**
 * Reads `file:///folder?settle=PT5S`, or a plain path.
 * @throws Error naming what is wrong
 */
export function parseAddress(text: string): Address {
  if (!/^file:/i.test(text)) return { folder: path.resolve(text), settle: SETTLE };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || url.host !== '' || !/^file:\/\/\//i.test(text)) {
    throw new Error(`"${text}" is not of the form file:///folder, with an absolute path and no host.`);
  }
  const unknown = [...url.searchParams.keys()].find((name) => name !== 'settle');
  if (unknown !== undefined)
    throw new Error(`"${text}" has a parameter "${unknown}"; there is "settle" only.`);
  const given = url.searchParams.get('settle');
  const settle = given === null ? SETTLE : parseDuration(given);
  if (settle === undefined) throw new Error(`settle=${given} is no duration; it is written as PT5S or PT1M.`);
  url.search = '';
  return { folder: fileURLToPath(url), settle };
}
