import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

export interface SourceFile {
  /** Relative to the project, with `/` between the parts. */
  readonly file: string;
  readonly text: string;
  /** What it imports, type imports included: files of ours by their path, all else as written. */
  readonly imports: readonly string[];
}

/** All files below some folders of the project, in a fixed order. */
export function filesBelow(...folders: readonly string[]): readonly string[] {
  return folders
    .flatMap((folder) => readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}

/** The TypeScript and JavaScript files of the project, with their imports. */
export function sourceFiles(...folders: readonly string[]): readonly SourceFile[] {
  return filesBelow(...folders)
    .filter((file) => /\.(ts|mjs|js|cjs|mts|cts)$/.test(file))
    .map((file) => {
      const text = readFileSync(path.join(ROOT, file), 'utf8');
      return { file, text, imports: importsOf(text).map((specifier) => resolve(file, specifier)) };
    });
}

// Static imports and exports from a module, then `import('...')`. Our formatter keeps each at the start of a line.
const STATIC = /^(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?\s*['"]([^'"\n]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"$\n]+)['"]\s*\)/g;

function importsOf(text: string): readonly string[] {
  const code = text.replaceAll(/^\s*(?:\/\/|\*|\/\*).*$/gm, '');
  return [...code.matchAll(STATIC), ...code.matchAll(DYNAMIC)].map((match) => match[1]!);
}

function resolve(from: string, specifier: string): string {
  return specifier.startsWith('.') ? path.posix.join(path.posix.dirname(from), specifier) : specifier;
}

/** `ajv-formats` of `ajv-formats/x`, `@scope/name` of `@scope/name/x`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

export const isOurs = (specifier: string): boolean => /^(?:core|plugins|db|test)\//.test(specifier);
export const isBuiltIn = (specifier: string): boolean => specifier.startsWith('node:');
