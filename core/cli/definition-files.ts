import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { readNamedFiles } from '../domains/definitions/named-files.ts';
import type { DefinitionSource, Finding } from '../language/source.ts';
import { CommandFailure } from './failure.ts';

const TEST_FILE = /\.test\.ya?ml$/;
const YAML_FILE = /\.ya?ml$/;

export interface DefinitionFiles {
  readonly sources: readonly DefinitionSource[];
  /** Test files with no definition beside them. */
  readonly findings: readonly Finding[];
}

/**
 * Reads the definitions that a command's paths name: files, or folders with all that is below them. A test file
 * stands for the definition beside it. File names in the result are relative to the working folder where they are in it.
 * @throws CommandFailure (2) where a path is not there or holds no definition
 */
export function readDefinitions(paths: readonly string[]): DefinitionFiles {
  const found = [...new Set(paths.flatMap(expand))];
  const definitions = new Set(found.filter((file) => !TEST_FILE.test(file)));
  const findings: Finding[] = [];
  for (const test of found.filter((file) => TEST_FILE.test(file))) {
    const definition = definitionOf(test);
    if (definition) definitions.add(definition);
    else findings.push(orphan(test));
  }
  if (definitions.size === 0 && findings.length === 0) {
    throw new CommandFailure(`No definition (*.yaml) was found in ${paths.join(', ')}.`);
  }
  return { sources: [...definitions].sort().map(read), findings };
}

function expand(place: string): readonly string[] {
  const full = path.resolve(place);
  if (!existsSync(full)) throw new CommandFailure(`There is no file or folder ${place}.`);
  if (!statSync(full).isDirectory()) {
    if (YAML_FILE.test(full)) return [full];
    throw new CommandFailure(`${place} is no definition: its name ends in neither .yaml nor .yml.`);
  }
  return readdirSync(full, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .flatMap((entry) => {
      const child = path.join(full, entry.name);
      return entry.isDirectory() || YAML_FILE.test(entry.name) ? expand(child) : [];
    });
}

function definitionOf(testFile: string): string | undefined {
  const base = testFile.replace(TEST_FILE, '');
  return [`${base}.yaml`, `${base}.yml`].find((file) => existsSync(file));
}

function orphan(testFile: string): Finding {
  const name = path.basename(testFile).replace(TEST_FILE, '.yaml');
  const message = `There is no definition ${name} beside this test file.`;
  return { severity: 'error', file: shown(testFile), line: 1, column: 1, path: '(file)', message };
}

function read(file: string): DefinitionSource {
  const base = file.replace(YAML_FILE, '');
  const tests = [`${base}.test.yaml`, `${base}.test.yml`].find((candidate) => existsSync(candidate));
  const text = textOf(file);
  return {
    file: shown(file),
    text,
    files: readNamedFiles(file, text),
    ...(tests === undefined ? {} : { tests: { file: shown(tests), text: textOf(tests) } }),
  };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailure(`${shown(file)} can't be read.`, 2, { cause: error });
  }
}

function shown(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : relative;
}
