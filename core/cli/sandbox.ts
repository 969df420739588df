import { Command } from 'commander';
import { startSandbox, type Sandbox } from '../sandbox/index.ts';
import type { CommandDeps } from './command-deps.ts';
import { CommandFailure } from './failure.ts';
import { port } from './setting-forms.ts';
import { firstSignal } from './signals.ts';

/** `sluice sandbox`: local stand-ins for vendors, until SIGTERM or SIGINT. */
export const command = (deps: CommandDeps): Command =>
  new Command('sandbox')
    .description(
      'Serve local stand-ins for vendors (Google Sheets, Twilio, AWS Cloud Control), for trying without accounts.',
    )
    .option('--port <port>', 'port to listen on; 0 takes a free one', '8090')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--time-scale <factor>', 'what the durations of clouds are multiplied by; 0 is at once', '1')
    .addHelpText('after', '\nExample:\n  sluice sandbox --port 8090')
    .action(async (options: { port: string; host: string; timeScale: string }) => {
      const timeScale = factorOf(options.timeScale);
      const signal = firstSignal();
      const sandbox = await startSandbox({ port: portOf(options.port), host: options.host, timeScale });
      deps.terminal.out(welcome(sandbox));
      await signal;
      await sandbox.close();
    });

/** How the platform is started so that its traffic comes here, and what its connections are filled in with. */
function welcome({ url, endpoints, credentials: { google, twilio, aws, webhook } }: Sandbox): string {
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
    `  AWS            ${JSON.stringify(aws.permanent)}`,
    `  AWS, temporary ${JSON.stringify(aws.temporary)}`,
    `  webhook        ${JSON.stringify(webhook)}`,
    '',
  ].join('\n');
}

function factorOf(text: string): number {
  const factor = text.trim() === '' ? Number.NaN : Number(text);
  if (factor >= 0 && factor <= 1000) return factor;
  throw new CommandFailure(`--time-scale ${text} is not usable. Accepted: a number from 0 to 1000.`, 2);
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
