import type { CsvSource, LandingPrefix } from '../../../kernel/datasets.ts';
import type { ObjectInfo, Objects } from '../../../kernel/objects.ts';
import type { DatasetRef, OperationalStore } from '../../../kernel/stores/operational.ts';
import type { DatasetPlan } from '../../../language/plan-dataset.ts';
import { landingOf } from '../keys.ts';

/** Files that are looked at together. */
const PAGE = 1000;

/** A file that the ledger does not have. */
export interface LandedFile {
  readonly source: CsvSource;
  readonly object: ObjectInfo;
}

/** Sources of files in the order of the tables, so that what is referred to comes before what refers to it. */
export function fileSources({ sources, tables }: DatasetPlan): readonly CsvSource[] {
  const names = [...new Set(tables.map(({ from }) => from))];
  return names.flatMap((name) =>
    sources.filter((source): source is CsvSource => source.kind === 'csv' && source.name === name),
  );
}

/** What the keys of a source's files begin with, as far as that is the same for all days. */
export function beginOf(dataset: DatasetRef, { prefix }: CsvSource): string {
  return `${landingOf(dataset)}${prefix.parts[0] ?? ''}`;
}

/** Files that have landed and are not known, by source and key. */
export async function* landedFiles(
  objects: Pick<Objects, 'list'>,
  store: Pick<OperationalStore, 'known'>,
  dataset: DatasetRef,
  plan: DatasetPlan,
  definitionHash: string,
): AsyncGenerator<LandedFile> {
  for (const source of fileSources(plan)) {
    const prefix = beginOf(dataset, source);
    const belongs = patternOf(landingOf(dataset), source.prefix);
    for (let after: string | undefined; ;) {
      const page = await objects.list(prefix, { limit: PAGE, ...(after !== undefined && { after }) });
      const files = page.filter(({ key }) => belongs.test(key));
      for (const object of await unknown(store, source, files, definitionHash)) yield { source, object };
      if (page.length < PAGE) break;
      after = page.at(-1)?.key;
    }
  }
}

async function unknown(
  store: Pick<OperationalStore, 'known'>,
  source: CsvSource,
  files: readonly ObjectInfo[],
  definitionHash: string,
): Promise<readonly ObjectInfo[]> {
  if (files.length === 0) return [];
  const versions = files.map(({ key, etag }) => ({ object: key, etag }));
  const known = await store.known(source.name, versions, definitionHash);
  const has = new Set(known.map(({ object, etag }) => `${object}\n${etag}`));
  return files.filter(({ key, etag }) => !has.has(`${key}\n${etag}`));
}

/** Keys that begin as the prefix says, with a day for each date. */
function patternOf(folder: string, { parts }: LandingPrefix): RegExp {
  const texts = [folder + (parts[0] ?? ''), ...parts.slice(1)];
  return new RegExp(`^${texts.map(literal).join('\\d{4}-\\d{2}-\\d{2}')}`);
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
