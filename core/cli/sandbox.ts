import { Command } from 'commander';
import { startSandbox, type Sandbox } from '../sandbox/index.ts';
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
      deps.terminal.out(welcome(sandbox));
      await signal;
      await sandbox.close();
    });

/** How the platform is started so that its traffic comes here, and what its connections are filled in with. */
function welcome({ url, endpoints, credentials: { google, twilio, webhook } }: Sandbox): string {
  const apps = { 'google-sheets': { clientId: google.clientId, clientSecret: google.clientSecret } };
  return [
    `The sandbox serves ${url}: open it to see what arrives.`,
    '',
    'Start the platform with its traffic sent here:',
    '',
    `  SLUICE_ENDPOINTS='${JSON.stringify(endpoints)}' SLUICE_APPS='${JSON.stringify(apps)}' npm start`,
    '',
    'Connections, as `config` takes them:',
    '',
    `  google-sheets  {}  (then :authorize; the spreadsheet is "${google.spreadsheetId}")`,
    `  twilio-sms     ${JSON.stringify({ accountSid: twilio.accountSid, authToken: twilio.authToken })}  (from ${twilio.from})`,
    `  webhook        ${JSON.stringify(webhook)}`,
    '',
  ].join('\n');
}

function portOf(text: string): number {
  try {
    return port.parse(text, '');
  } catch (error) {
    throw new CommandFailure(`--port ${text} is not usable. Accepted: ${port.accepted}.`, 2, {
      cause: error,
    });
  }
}
