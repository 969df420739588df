import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Names of the packages that package-lock.json asks for and node_modules does not hold at that version. Optional
 * packages (other platforms' binaries) are never missed.
 * @returns {string[]}
 */
export function missingPackages(root, { dev }) {
  const lock = read(path.join(root, 'package-lock.json'));
  if (!lock) return [];
  const installed = read(path.join(root, 'node_modules/.package-lock.json'))?.packages ?? {};
  return Object.entries(lock.packages)
    .filter(
      ([place, entry]) =>
        place !== '' && !entry.optional && !entry.devOptional && !entry.link && (dev || !entry.dev),
    )
    .filter(([place, entry]) => !present(root, place, entry, installed[place]))
    .map(([place]) => place.replace(/^.*node_modules\//, ''));
}

// npm's own record of an install is in node_modules/.package-lock.json. Where there is none (another package manager,
// a copied folder) the package itself says which version it is.
function present(root, place, wanted, recorded) {
  const manifest = path.join(root, place, 'package.json');
  if (recorded) return recorded.version === wanted.version && existsSync(manifest);
  return read(manifest)?.version === wanted.version;
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
