import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { filesNamedIn, variantOf } from '../../language/sql-files.ts';

/**
 * The files that a definition names (models' SQL), and those beside them that are written for one warehouse, by the
 * names that the definition uses. One that is not there is left out: lint says where it is named.
 * @param file the definition's own
 */
export function readNamedFiles(file: string, text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of filesNamedIn(text)) {
    const folder = path.posix.dirname(name);
    for (const entry of listed(path.join(path.dirname(file), folder))) {
      const beside = path.posix.join(folder, entry);
      if (beside === name || variantOf(name, beside) !== undefined)
        found[beside] = readFileSync(path.join(path.dirname(file), beside), 'utf8');
    }
  }
  return found;
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
