import { Command } from 'commander';
import type { CommandDeps } from './command-deps.ts';
import { plural } from './plural.ts';

/** `sluice keys`: what an operator does to the keys that seal the tenants' secrets. */
export const command = (deps: CommandDeps): Command =>
  new Command('keys')
    .description('Look after the keys that seal the secrets of tenants.')
    .addHelpText('after', '\nExample:\n  sluice keys rotate')
    .addCommand(rotate(deps));

/** `sluice keys rotate`: safe to run again, and beside running processes that know both master keys. */
const rotate = (deps: CommandDeps): Command =>
  new Command('rotate')
    .description(
      "Wrap every tenant's data key with the current master key: the first of SLUICE_MASTER_KEY, or of the file " +
        'master-key in the data folder. The older keys stay behind it until this is done.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  SLUICE_MASTER_KEY="$(openssl rand -base64 32),$SLUICE_MASTER_KEY" sluice keys rotate',
    )
    .action(async () => {
      const changed = await deps.composition.rotateKeys(deps.settings());
      deps.terminal.out(`${plural(changed, 'data key')} wrapped with the current master key.`);
    });
