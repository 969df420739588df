import { Command } from 'commander';
import type { CommandDeps } from './command-deps.ts';

/** `sluice migrate`: for operators who give the platform's own login no right to change the schema. */
export const command = (deps: CommandDeps): Command =>
  new Command('migrate')
    .description("Bring the database's schema up to date (start does so too).")
    .addHelpText('after', '\nExample:\n  SLUICE_DATABASE_URL=postgres://owner:...@db/sluice sluice migrate')
    .action(async () => {
      const applied = await deps.composition.migrate(deps.settings());
      for (const name of applied) deps.terminal.out(`applied ${name}`);
      if (applied.length === 0) deps.terminal.out('The schema is up to date.');
    });
