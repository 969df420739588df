import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Composition } from '../../core/cli/composition.ts';
import { runCli } from '../../core/cli/program.ts';
import { loadSettings } from '../../core/cli/settings.ts';
import type { Plugin } from '../../core/kernel/plugin.ts';
import { Registry } from '../../core/kernel/registry.ts';
import { ROOT } from '../architecture/sources.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** All plugins of the project. */
export async function allPlugins(): Promise<Registry> {
  const folders = readdirSync(path.join(ROOT, 'plugins'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const modules = await Promise.all(
    folders.map(
      ({ name }) => import(path.join(ROOT, 'plugins', name, 'index.ts')) as Promise<{ default: Plugin }>,
    ),
  );
  return new Registry(modules.map((module) => module.default));
}

const refuse = (): never => {
  throw new Error('This command must not open the platform.');
};

/** A composition whose platform must not be opened. */
export const offline: Composition = {
  loadRegistry: allPlugins,
  definitionFolders: (settings) => [path.join(ROOT, 'definitions'), ...settings.definitions],
  startPlatform: refuse,
  migrate: refuse,
  rotateKeys: refuse,
  withShards: refuse,
  withDatasets: refuse,
};

/** Runs a command line in this process, with settings of its own and what it prints kept. */
export async function commandLine(
  args: readonly string[],
  {
    composition = offline,
    environment = {},
  }: { composition?: Composition; environment?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  const printed = { out: '', err: '' };
  const code = await runCli(composition, ['node', 'sluice', ...args], {
    settings: loadSettings(environment),
    out: {
      out: (line) => void (printed.out += `${line}\n`),
      err: (line) => void (printed.err += `${line}\n`),
      progress: () => {},
    },
  });
  return { code, ...printed };
}
