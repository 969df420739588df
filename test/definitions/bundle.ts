import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from '../../core/kernel/plugin.ts';
import { Registry } from '../../core/kernel/registry.ts';

const ROOT = new URL('../../', import.meta.url);

export const pathOf = (path: string): string => fileURLToPath(new URL(path, ROOT));
export const read = (path: string): string => readFileSync(pathOf(path), 'utf8');

/** The definitions that the platform brings, by their path in the project. */
export const BUNDLED: readonly string[] = readdirSync(new URL('definitions/', ROOT), { recursive: true, encoding: 'utf8' })
  .filter((name) => /(?<!\.test)\.yaml$/.test(name))
  .map((name) => `definitions/${name.replaceAll('\\', '/')}`)
  .sort();

/** Every plugin of the project, as the platform finds them. */
export async function allPlugins(): Promise<Registry> {
  const names = readdirSync(new URL('plugins/', ROOT)).sort();
  const modules = await Promise.all(
    names.map((name) => import(new URL(`plugins/${name}/index.ts`, ROOT).href) as Promise<{ default: Plugin }>),
  );
  return new Registry(modules.map((module) => module.default));
}
