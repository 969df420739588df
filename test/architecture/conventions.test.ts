import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { filesBelow, isBuiltIn, isOurs, packageOf, ROOT, sourceFiles } from './sources.ts';

/** Files longer than this are hard to read as one concept. The list names why a file may be longer; it shrinks. */
const MAX_LINES = 300;
const LONGER: Readonly<Record<string, string>> = {};

/** The language has a thing called helper: there the word names it. */
const LANGUAGE_HELPERS = /^(?:core|test)\/language\//;
const DRAWERS = /^(?:utils?|helpers?|common|misc|shared|lib|tools?)$/;

const sources = sourceFiles('core', 'plugins', 'db', 'test');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

describe('the conventions of the house', () => {
  it('allow no drawers: files and folders are named for what they hold', () => {
    const wrong = filesBelow('core', 'plugins', 'db', 'test').filter((file) => {
      const drawers = file
        .split('/')
        .map((part) => part.replace(/(?:\.test)?\.[a-z]+$/, ''))
        .filter((part) => DRAWERS.test(part));
      return drawers.some((part) => !(part.startsWith('helper') && LANGUAGE_HELPERS.test(file)));
    });
    expect(wrong).to.deep.equal([]);
  });

  it('name source files in kebab-case', () => {
    const wrong = sources
      .map(({ file }) => file)
      .filter((file) => !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z]+)+$/.test(path.basename(file)));
    expect(wrong).to.deep.equal([]);
  });

  it(`keep source files within ${MAX_LINES} lines, or say why not`, () => {
    const long = sourceFiles('core', 'plugins', 'db')
      .filter(({ text }) => text.split('\n').length > MAX_LINES + 1)
      .map(({ file }) => file);
    expect(long.sort()).to.deep.equal(Object.keys(LONGER).sort());
  });

  it('give every folder of core/ a README that says what may be imported', () => {
    const folders = readdirSync(path.join(ROOT, 'core'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    const wrong = folders
      .map(({ name }) => `core/${name}/README.md`)
      .filter((file) => !existsSync(path.join(ROOT, file)) || !/import/i.test(read(file)));
    expect(wrong).to.deep.equal([]);
  });

  it('declare every package that is imported, and those of the product as its dependencies', () => {
    const manifest = JSON.parse(read('package.json')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    const product = new Set(Object.keys(manifest.dependencies));
    const all = new Set([...product, ...Object.keys(manifest.devDependencies)]);
    const wrong = sources.flatMap(({ file, imports }) =>
      imports
        .filter((specifier) => !isOurs(specifier) && !isBuiltIn(specifier))
        .filter((specifier) => !(file.startsWith('test/') ? all : product).has(packageOf(specifier)))
        .map((specifier) => `${file} imports ${specifier}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('give a reason and a licence for every dependency in docs/dependencies.md', () => {
    const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
    const declared = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
      Object.keys(manifest[kind] ?? {}),
    );
    const documented = new Set(
      [...read('docs/dependencies.md').matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, names]) =>
        [...names!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!),
      ),
    );
    const covered = (name: string): boolean =>
      documented.has(name) || documented.has(name.replace(/\/[^/]+$/, '/*'));
    expect(declared.filter((name) => !covered(name))).to.deep.equal([]);
  });

  it('import Node’s own modules by their node: name', () => {
    const wrong = sources.flatMap(({ file, imports }) =>
      imports
        .filter((specifier) =>
          /^(?:fs|path|os|url|http|https|net|crypto|child_process|stream|util|events)(?:\/|$)/.test(
            specifier,
          ),
        )
        .map((specifier) => `${file} imports ${specifier}`),
    );
    expect(wrong).to.deep.equal([]);
  });
});
