import { Command, Option } from 'commander';
import type { CommandDeps } from './command-deps.ts';
import { ROLES, type Role } from './composition.ts';
import { CommandFailure } from './failure.ts';
import { port } from './setting-forms.ts';
import { describeSettings } from './settings.ts';
import { firstSignal } from './signals.ts';
import { tour } from './tour.ts';

/** `sluice start`: runs the platform until SIGTERM or SIGINT, then drains and ends with 0. */
export const command = (deps: CommandDeps): Command =>
  new Command('start')
    .description(
      'Run the platform: API and workers, with its own database unless SLUICE_DATABASE_URL names one.',
    )
    .addOption(new Option('--role <role>', 'what this process does').choices([...ROLES]).default('all'))
    .option('--port <port>', 'port of the API (SLUICE_PORT)')
    .addHelpText(
      'after',
      () =>
        `\nExample:\n  sluice start --role worker\n\nSettings (environment, or .env here):\n${describeSettings()}`,
    )
    .action(async (options: { role: Role; port?: string }) => {
      const settings = deps.settings();
      const chosen = options.port === undefined ? settings : { ...settings, port: portOf(options.port) };
      // Listening from here on: a signal during the start ends what was started, in order.
      const signal = firstSignal();
      const platform = await deps.composition.startPlatform(chosen, { role: options.role });
      if (platform.url !== undefined) {
        deps.terminal.out(
          tour({
            url: platform.url,
            dataDir: chosen.dataDir,
            newRootKey: platform.newRootKey,
            ownKey: chosen.rootKey !== undefined,
          }),
        );
      } else {
        deps.terminal.out('Sluice works on runs (role worker).');
      }
      const end = await Promise.race([signal, ...(platform.lost ? [platform.lost] : [])]);
      if (end instanceof Error) deps.terminal.err(end.message);
      else deps.terminal.err(`${end}: finishing what is in hand.`);
      await platform.close();
      deps.exit(end instanceof Error ? 1 : 0);
    });

function portOf(text: string): number {
  try {
    return port.parse(text, '');
  } catch (error) {
    throw new CommandFailure(`--port ${text} is not usable. Accepted: ${port.accepted}.`, 2, {
      cause: error,
    });
  }
}
