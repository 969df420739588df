import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, CommanderError } from 'commander';
import { messageOf, SluiceError } from '../kernel/errors.ts';
import type { Composition } from './composition.ts';
import { CommandFailure } from './failure.ts';
import { projectRoot } from './project.ts';
import { loadSettings, unknownSettings, type Settings } from './settings.ts';
import { terminal, type Terminal } from './terminal.ts';
import { command as datasets } from './datasets.ts';
import { command as demo } from './demo.ts';
import { command as keys } from './keys.ts';
import { command as lint } from './lint.ts';
import { command as migrate } from './migrate.ts';
import { command as newDefinition } from './new.ts';
import { command as record } from './record.ts';
import { command as run } from './run.ts';
import { command as sandbox } from './sandbox.ts';
import { command as schema } from './schema.ts';
import { command as shards } from './shards.ts';
import { command as start } from './start.ts';
import { command as test } from './test.ts';
import type { CommandDeps } from './command-deps.ts';

const COMMANDS = [start, newDefinition, lint, test, run, record, sandbox, demo, schema, migrate, keys, shards, datasets];

/**
 * Runs one command line (`process.argv`). Resolves to its exit code: 0 done, 1 what was asked for did not come about,
 * 2 the command line, the settings or the files could not be used.
 */
export async function runCli(
  composition: Composition,
  argv: readonly string[],
  { settings, out = terminal }: { settings?: Settings; out?: Terminal } = {},
): Promise<number> {
  let exitCode = 0;
  const deps: CommandDeps = {
    composition,
    terminal: out,
    settings: () => settings ?? settingsOf(out),
    exit: (code) => {
      exitCode = code;
    },
  };
  try {
    await build(deps).parseAsync([...argv]);
    return exitCode;
  } catch (error) {
    return report(error, out);
  }
}

function build(deps: CommandDeps): Command {
  const program = new Command('sluice')
    .description('Integrations from declarative YAML, on one durable engine.')
    .version(version())
    .showHelpAfterError('(--help says more)')
    .configureOutput({
      writeOut: (text) => deps.terminal.out(text.trimEnd()),
      writeErr: (text) => deps.terminal.err(text.trimEnd()),
    });
  program.exitOverride();
  for (const command of COMMANDS) program.addCommand(adopt(command(deps), program));
  return program;
}

/** A command made by itself has its own ways to print and to exit; here it and those below it take the program's. */
function adopt(command: Command, program: Command): Command {
  command.copyInheritedSettings(program);
  for (const child of command.commands) adopt(child, program);
  return command;
}

function settingsOf(out: Terminal): Settings {
  const settings = loadSettings();
  for (const line of unknownSettings()) out.err(line);
  return settings;
}

function report(error: unknown, out: Terminal): number {
  // Commander has printed its message (or the help that was asked for) already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  out.progress('');
  if (error instanceof CommandFailure) {
    out.err(error.message);
    return error.exitCode;
  }
  if (error instanceof SluiceError) {
    out.err(`${error.message} (${error.code})`);
    return 1;
  }
  out.err(error instanceof Error ? (error.stack ?? error.message) : messageOf(error));
  return 1;
}

function version(): string {
  const manifest = JSON.parse(readFileSync(path.join(projectRoot(), 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
