import { existsSync, rmSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded, type Embedded } from '../../db/embedded.ts';

/** One PostgreSQL for all test processes; its URL is in SLUICE_TEST_CLUSTER. Mocha calls these two (`.mocharc.json`). */
export async function mochaGlobalSetup(): Promise<void> {
  if (process.env['SLUICE_TEST_CLUSTER']) return;
  shared = await startCluster();
  process.env['SLUICE_TEST_CLUSTER'] = shared.url;
}

export async function mochaGlobalTeardown(): Promise<void> {
  await shared?.stop();
}

let shared: Embedded | undefined;
let lazy: Promise<string> | undefined;

/** URL of the cluster of these tests. Where nobody started one, it is started now and ends with this process. */
export async function clusterUrl(): Promise<string> {
  const given = process.env['SLUICE_TEST_CLUSTER'];
  if (given) return given;
  lazy ??= startCluster().then((cluster) => {
    process.once('exit', () => cluster.kill());
    return cluster.url;
  });
  return lazy;
}

/**
 * A cluster in a temporary folder, removed when stopped.
 * @param options.durable true: fsync is on, for tests that kill the server or measure it. Otherwise a power cut may
 * lose what is committed, and tests are quicker.
 */
export async function startCluster(
  options: { durable?: boolean } = {},
): Promise<Embedded & { kill(): void }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  // As root the server runs as another user, who must be able to pass.
  await chmod(folder, 0o711);
  const quick = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' };
  const server = await startEmbedded({ dataDir: folder, settings: options.durable ? {} : quick });
  return {
    ...server,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
    kill() {
      process.kill(server.pid, 'SIGQUIT');
      // An exit handler cannot await. The server removes its pid file when it has ended.
      for (let turn = 0; turn < 250 && existsSync(join(folder, 'postgres/postmaster.pid')); turn++) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      }
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
