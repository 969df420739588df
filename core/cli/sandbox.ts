import { Command } from 'commander';
import { startSandbox } from '../sandbox/index.ts';
import type { CommandDeps } from './command-deps.ts';
import { CommandFailure } from './failure.ts';
import { port } from './setting-forms.ts';
import { firstSignal } from './signals.ts';

/** `sluice sandbox`: local stand-ins for vendors, until SIGTERM or SIGINT. */
export const command = (deps: CommandDeps): Command =>
  new Command('sandbox')
    .description('Serve local stand-ins for vendors (Google Sheets, Twilio), for trying without accounts.')
    .option('--port <port>', 'port to listen on; 0 takes a free one', '8090')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .addHelpText('after', '\nExample:\n  sluice sandbox --port 8090')
    .action(async (options: { port: string; host: string }) => {
      const signal = firstSignal();
      const sandbox = await startSandbox({ port: portOf(options.port), host: options.host });
      deps.terminal.out(`The sandbox serves ${sandbox.url}: open it to see what arrives.`);
      deps.terminal.out('Start the platform with its traffic sent here:\n');
      deps.terminal.out(`  SLUICE_ENDPOINTS='${JSON.stringify(sandbox.endpoints)}' npm start\n`);
      await signal;
      await sandbox.close();
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
