import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../sandbox/index.ts';
import type { CommandDeps } from '../command-deps.ts';
import { CommandFailure } from '../failure.ts';
import { loadSettings } from '../settings.ts';
import type { Terminal } from '../terminal.ts';

/** What a story plays on: a platform and a sandbox of its own, which vanish afterwards. */
export interface Stage {
  readonly platformUrl: string;
  readonly rootKey: string;
  readonly dataDir: string;
  readonly sandbox: Sandbox;
  readonly terminal: Terminal;
}

export type Story = (stage: Stage) => Promise<void>;

export async function perform(
  { composition, terminal }: CommandDeps,
  story: Story,
  options: Omit<SandboxOptions, 'port'> = {},
): Promise<void> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'sluice-demo-'));
  const sandbox = await startSandbox({ ...options, port: 0 });
  try {
    const rootKey = randomBytes(24).toString('hex');
    const platform = await composition.startPlatform(settingsFor(sandbox, dataDir, rootKey), { role: 'all' });
    try {
      if (platform.url === undefined) throw new CommandFailure('The platform serves no API.', 1);
      await story({ platformUrl: platform.url, rootKey, dataDir, sandbox, terminal });
    } finally {
      await platform.close();
    }
  } finally {
    await sandbox.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Settings of the demo's own: neither the environment nor .env has a say. */
function settingsFor(sandbox: Sandbox, dataDir: string, rootKey: string) {
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
