import { expect } from 'chai';
import { isOurs, sourceFiles, type SourceFile } from './sources.ts';

/**
 * The areas of the house from the ground up, and which of them each may import. An area may always import itself.
 * DESIGN: kernel <- language <- runtime <- jobs, domains <- api, cli <- main.
 */
const AREAS: readonly {
  readonly name: string;
  readonly holds: RegExp;
  readonly imports: readonly string[];
}[] = [
  { name: 'kernel', holds: /^core\/kernel\//, imports: [] },
  { name: 'sdk', holds: /^core\/sdk\.ts$/, imports: ['kernel'] },
  { name: 'language', holds: /^core\/language\//, imports: ['kernel'] },
  { name: 'runtime', holds: /^core\/runtime\//, imports: ['kernel', 'language'] },
  { name: 'sandbox', holds: /^core\/sandbox\//, imports: ['kernel'] },
  { name: 'jobs', holds: /^core\/jobs\//, imports: ['kernel', 'language', 'runtime'] },
  { name: 'domains', holds: /^core\/domains\//, imports: ['kernel', 'language', 'runtime'] },
  { name: 'api', holds: /^core\/api\//, imports: ['kernel', 'language', 'domains'] },
  { name: 'bootstrap', holds: /^core\/cli\/(?:bootstrap\/.*|bootstrap|bin|test)\.?.*mjs$/, imports: [] },
  {
    name: 'cli',
    holds: /^core\/cli\/.*\.ts$/,
    imports: ['kernel', 'language', 'runtime', 'sandbox', 'jobs', 'domains'],
  },
  { name: 'plugins', holds: /^plugins\//, imports: ['sdk'] },
  { name: 'db', holds: /^db\//, imports: ['kernel'] },
  {
    name: 'main',
    holds: /^core\/main\.ts$/,
    imports: ['kernel', 'language', 'runtime', 'jobs', 'domains', 'api', 'cli', 'db', 'plugins'],
  },
];

const files = sourceFiles('core', 'plugins', 'db');
const byName = new Map(files.map((source) => [source.file, source]));
const areaOf = (file: string): (typeof AREAS)[number] | undefined =>
  AREAS.find((area) => area.holds.test(file));

describe('the floors of the house', () => {
  it('hold every source file', () => {
    expect(files.map(({ file }) => file).filter((file) => !areaOf(file))).to.deep.equal([]);
  });

  it('are left by imports downwards only', () => {
    const wrong = files.flatMap((source) =>
      ours(source)
        .filter((target) => !mayImport(source.file, target))
        .map((target) => `${source.file} imports ${target}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('have no import of a file that is not there, and name files by their .ts', () => {
    const wrong = files.flatMap((source) =>
      ours(source)
        .filter((target) => !byName.has(target))
        .map((target) => `${source.file} imports ${target}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('have no import cycle', () => {
    expect(firstCycle()).to.equal(undefined);
  });

  it('leave each plugin in a folder of its own', () => {
    const wrong = files
      .filter(({ file }) => file.startsWith('plugins/'))
      .flatMap(({ file, imports }) =>
        imports
          .filter((target) => target.startsWith('plugins/') && target.split('/')[1] !== file.split('/')[1])
          .map((target) => `${file} imports ${target}`),
      );
    expect(wrong).to.deep.equal([]);
  });
});

function ours({ imports }: SourceFile): readonly string[] {
  return imports.filter(isOurs);
}

function mayImport(from: string, to: string): boolean {
  const [source, target] = [areaOf(from), areaOf(to)];
  if (!source || !target) return false;
  return source === target || source.imports.includes(target.name);
}

/** The first cycle a walk meets, as a readable chain. */
function firstCycle(): string | undefined {
  const done = new Set<string>();
  const walk = (file: string, above: readonly string[]): string | undefined => {
    const at = above.indexOf(file);
    if (at >= 0) return [...above.slice(at), file].join(' -> ');
    if (done.has(file)) return undefined;
    for (const target of ours(byName.get(file) ?? { file, text: '', imports: [] })) {
      const cycle = walk(target, [...above, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const { file } of files) {
    const cycle = walk(file, []);
    if (cycle) return cycle;
  }
  return undefined;
}
