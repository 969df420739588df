import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { DefinitionSource } from '../../language/source.ts';
import { readNamedFiles } from './named-files.ts';

const DEFINITION = /(?<!\.test)\.ya?ml$/;

/**
 * All definitions in a folder and the folders below it, by name, with the files that they name. `<id>.test.yaml` holds tests only
 * and is none.
 * @throws Error naming the folder where it cannot be read.
 */
export async function readDefinitions(folder: string): Promise<DefinitionSource[]> {
  let entries: string[];
  try {
    entries = await readdir(folder, { recursive: true });
  } catch (error) {
    throw new Error(`The definitions folder ${folder} cannot be read.`, { cause: error });
  }
  const files = entries.filter(
    (entry) => DEFINITION.test(entry) && !entry.split(sep).includes('node_modules'),
  );
  return Promise.all(
    files.sort().map(async (entry) => {
      const file = join(folder, entry);
      const text = await readFile(file, 'utf8');
      return { file: shown(file), text, files: readNamedFiles(file, text) };
    }),
  );
}

/** Files below the working folder are shown relative to it. */
function shown(file: string): string {
  const near = relative(process.cwd(), file);
  return near.startsWith('..') ? file : near;
}
