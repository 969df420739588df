import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Argument, Command } from 'commander';
import { refusedId } from '../language/sections/header.ts';
import type { CommandDeps } from './command-deps.ts';
import { readDefinitions } from './definition-files.ts';
import { CommandFailure } from './failure.ts';
import { projectRoot } from './project.ts';
import { STARTERS } from './starters.ts';

/** `sluice new`: a definition to begin with, that is clean and passes its own tests. */
export const command = (deps: CommandDeps): Command =>
  new Command('new')
    .description('Write a definition to begin with: it is clean, and passes its own tests.')
    .addArgument(new Argument('<kind>', 'what to begin').choices(Object.keys(STARTERS)))
    .argument('<id>', 'lower-case letters and digits, joined by "-"; the file is called so')
    .option('--out <folder>', 'where to write (the first folder of SLUICE_DEFINITIONS, else this one)')
    .addHelpText('after', '\nExample:\n  sluice new integration acme-crm --out my-definitions')
    .action((kind: string, id: string, { out }: { out?: string }) => {
      const refusal = refusedId(id);
      if (refusal !== undefined) throw new CommandFailure(refusal);
      const folder = path.resolve(out ?? deps.settings().definitions[0] ?? '.');
      const file = path.join(folder, `${id}.yaml`);
      const shown = path.relative(process.cwd(), file).replace(/^(?=\.\.).*/s, file);
      refuseTwin(deps, id, file);
      write(file, shown, STARTERS[kind]!({ id, schema: schemaFrom(folder) }));
      deps.terminal.out(`${shown} is yours to change. Next:\n  sluice lint ${shown}\n  sluice test ${shown}`);
    });

/** Ids are the platform's: two definitions of one id could not both be served. */
function refuseTwin(deps: CommandDeps, id: string, file: string): void {
  const named = new RegExp(`^id: *["']?${id}["']? *(?:#.*)?$`, 'm');
  const { sources } = readDefinitions(deps.composition.definitionFolders(deps.settings()));
  const twin = sources.find((source) => named.test(source.text) && path.resolve(source.file) !== file);
  if (twin) throw new CommandFailure(`There is a definition "${id}" already, in ${twin.file}; choose another id.`);
}

function write(file: string, shown: string, text: string): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    const why = exists ? `${shown} is there already, and is left as it is; choose another id or --out.` : `${shown} can't be written.`;
    throw new CommandFailure(why, 2, { cause: error });
  }
}

/** The schema that comes with the platform, as an editor finds it from a folder. */
function schemaFrom(folder: string): string {
  const schema = path.join(projectRoot(), 'definitions', 'definition.schema.json');
  return path.relative(folder, schema).split(path.sep).join('/');
}
