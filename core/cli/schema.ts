import { Command } from 'commander';
import { editorSchema } from '../language/schema/editor.ts';
import type { CommandDeps } from './command-deps.ts';

/** `sluice schema`: the JSON Schema that editors check and complete definitions with. */
export const command = (deps: CommandDeps): Command =>
  new Command('schema')
    .description('Print the JSON Schema of definitions, for editors.')
    .addHelpText('after', '\nExample:\n  sluice schema > definitions/definition.schema.json')
    .action(async () => {
      deps.terminal.out(JSON.stringify(editorSchema(await deps.composition.loadRegistry()), undefined, 2));
    });
