import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { startSandbox, type Sandbox } from '../sandbox/index.ts';
import type { CommandDeps } from './command-deps.ts';
import { printMessages, printRuns, printSheet, printWaits } from './demo/print.ts';
import { playScenario } from './demo/scenario.ts';
import { CommandFailure } from './failure.ts';
import { loadSettings } from './settings.ts';

/** `sluice demo`: the main job from end to end, on a database and vendors of its own that vanish afterwards. */
export const command = (deps: CommandDeps): Command =>
  new Command('demo')
    .description('Show a form whose responses go to a sheet and a phone, with no account anywhere.')
    .addHelpText('after', '\nExample:\n  sluice demo')
    .action(async () => {
      const dataDir = await mkdtemp(path.join(tmpdir(), 'sluice-demo-'));
      const sandbox = await startSandbox({ port: 0 });
      try {
        await play(deps, sandbox, dataDir);
      } finally {
        await sandbox.close();
        await rm(dataDir, { recursive: true, force: true });
      }
    });

async function play(
  { composition, terminal }: CommandDeps,
  sandbox: Sandbox,
  dataDir: string,
): Promise<void> {
  const rootKey = randomBytes(24).toString('hex');
  const settings = demoSettings(sandbox, dataDir, rootKey);
  const platform = await composition.startPlatform(settings, { role: 'all' });
  try {
    if (platform.url === undefined) throw new CommandFailure('The platform serves no API.', 1);
    terminal.out(`Platform at ${platform.url}, sandbox of Google Sheets and Twilio at ${sandbox.url}.\n`);
    const place = {
      platformUrl: platform.url,
      rootKey,
      sandboxUrl: sandbox.url,
      credentials: sandbox.credentials,
    };
    const submissions = await playScenario(place, (line) => terminal.out(`  ${line}`));
    const failed = printRuns(submissions, terminal);
    printWaits(submissions, terminal);
    await printSheet(sandbox.url, terminal);
    await printMessages(sandbox.url, terminal);
    if (failed > 0) throw new CommandFailure(`${failed} runs did not succeed.`, 1);
  } finally {
    await platform.close();
  }
}

/** Settings of the demo's own: neither the environment nor .env has a say. */
function demoSettings(sandbox: Sandbox, dataDir: string, rootKey: string) {
  const { clientId, clientSecret } = sandbox.credentials.google;
  return loadSettings({
    SLUICE_DATA_DIR: dataDir,
    SLUICE_PORT: '0',
    SLUICE_ROOT_KEY: rootKey,
    SLUICE_ENDPOINTS: JSON.stringify(sandbox.endpoints),
    SLUICE_APPS: JSON.stringify({ 'google-sheets': { clientId, clientSecret } }),
    SLUICE_LOG_LEVEL: 'error',
  });
}
