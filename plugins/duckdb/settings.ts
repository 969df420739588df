import { availableParallelism } from 'node:os';

/** What one use of the engine may take. */
export interface Settings {
  readonly memory: string;
  readonly threads: number;
}

/** Enough for any size of data, since sorts, joins and groups go on in files when it is used up; see docs/datasets.md. */
const MEMORY = '256MB';
const PARAMETERS = ['memory', 'threads'];

/**
 * Reads `duckdb:?memory=1GB&threads=4`.
 * @throws Error naming what is wrong
 */
export function parseSettings(text: string): Settings {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'duckdb:' || url.pathname !== '' || url.host !== '') {
    throw new Error(
      `"${text}" is not of the form duckdb:?memory=1GB&threads=4: objects hold the data, it has no place.`,
    );
  }
  const unknown = [...url.searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined)
    throw new Error(`"${text}" has a parameter "${unknown}"; there are ${PARAMETERS.join(', ')}.`);
  const memory = url.searchParams.get('memory') ?? MEMORY;
  if (!/^[1-9][0-9]*(MB|GB)$/.test(memory))
    throw new Error(`memory=${memory} is not of the form 512MB or 2GB.`);
  const threads = url.searchParams.get('threads') ?? String(availableParallelism());
  if (!/^[1-9][0-9]{0,2}$/.test(threads)) throw new Error(`threads=${threads} is no number from 1 to 999.`);
  return { memory, threads: Number(threads) };
}
