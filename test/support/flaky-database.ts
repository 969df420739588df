import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbedded, type Embedded } from '../../db/embedded.ts';

/** A PostgreSQL server behind an address that stays the same, so that it can go away and come back. */
export interface FlakyDatabase {
  readonly url: string;
  /** Cuts every connection of ours; new ones are let in. Gives how many were cut. */
  cutAll(): Promise<number>;
  /** Stops the server: connections are refused until `start`. What is committed stays. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Asks the server itself, as its superuser. */
  ask<T extends pg.QueryResultRow>(sql: string): Promise<T[]>;
  close(): Promise<void>;
}

export async function startFlakyDatabase(): Promise<FlakyDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-flaky-'));
  // As root the server runs as another user, who must be able to pass.
  await chmod(folder, 0o711);
  const options = { dataDir: folder, settings: { max_connections: '100' } };
  let server: Embedded | undefined = await startEmbedded(options);
  const sockets = new Set<Socket>();
  const gate = createServer((outer) => {
    if (!server) return void outer.destroy();
    const inner = connect(Number(new URL(server.url).port), '127.0.0.1');
    for (const [one, other] of [[outer, inner], [inner, outer]] as const) {
      sockets.add(one);
      one.setNoDelay(true).pipe(other);
      one.on('error', () => {}).on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  const listen = (port: number): Promise<void> => new Promise((resolve) => void gate.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = gate.address() as AddressInfo;
  const shut = (): Promise<void> => new Promise((resolve) => void gate.close(() => resolve()));
  const url = new URL(server.url);
  url.port = String(port);
  const ask = async <T extends pg.QueryResultRow>(sql: string): Promise<T[]> => {
    const client = new pg.Client({ connectionString: server!.url });
    await client.connect();
    try {
      return (await client.query<T>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    url: url.href,
    ask,
    async cutAll() {
      const cut = await ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sluice'");
      return cut.length;
    },
    async stop() {
      const running = server;
      server = undefined;
      // The server says goodbye to its clients through the gate, which then lets nobody in.
      await running?.stop();
      sockets.forEach((socket) => socket.destroy());
      await shut();
    },
    async start() {
      server = await startEmbedded(options);
      await listen(port);
    },
    async close() {
      if (server) await shutAll();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };

  async function shutAll(): Promise<void> {
    sockets.forEach((socket) => socket.destroy());
    await Promise.all([shut(), server?.stop()]);
  }
}
