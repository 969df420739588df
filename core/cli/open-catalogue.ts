import type { Logger } from 'pino';
import { Catalogue, type Compile } from '../domains/definitions/catalogue.ts';
import { readDefinitions } from '../domains/definitions/files.ts';
import type { Directory } from '../kernel/stores/stores.ts';
import { formatFinding } from '../language/source.ts';
import { refused } from './failure.ts';

/** The definitions of these folders. A broken one is logged, and hurts no other. */
export async function openCatalogue(
  folders: readonly string[],
  compile: Compile,
  directory: Directory,
  logger: Logger,
): Promise<Catalogue> {
  const sources = (await refused(Promise.all(folders.map((folder) => readDefinitions(folder))))).flat();
  const catalogue = await Catalogue.open(sources, compile, directory);
  for (const { findings } of catalogue.all()) {
    for (const finding of findings) if (finding.severity === 'error') logger.warn(formatFinding(finding));
  }
  return catalogue;
}
