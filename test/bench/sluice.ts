import { fileURLToPath } from 'node:url';
import { startProgram, type Program } from './process.ts';

const ROOT_KEY = 'bench-root-key-0123456789';
const BIN = fileURLToPath(new URL('../../core/cli/bin.mjs', import.meta.url));

/** What `npm start` gives Node (docs/operations.md); peers have it too. */
export const NODE_FLAGS = ['--max-semi-space-size=64'];

const SETTINGS = {
  SLUICE_ROOT_KEY: ROOT_KEY,
  SLUICE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  SLUICE_LOG_LEVEL: 'warn',
};

/** Starts `sluice start --role worker`, beside an API of the same database. */
export function startWorker(env: NodeJS.ProcessEnv): Promise<Program> {
  return startProgram([...NODE_FLAGS, BIN, 'start', '--role', 'worker'], { ...SETTINGS, ...env }, /works on runs/);
}

/** The real program with one tenant, whose owner's key `call` sends. */
export interface Sluice extends Program {
  readonly apiKey: string;
  call(method: string, path: string, body: unknown): Promise<Record<string, unknown>>;
}

/**
 * Starts `sluice start` on a free port. SLUICE_BENCH_FLAGS are more flags for its Node, for a look inside: `--cpu-prof`.
 * @param known the key of a tenant that is there; without it one is made
 */
export async function startSluice(env: NodeJS.ProcessEnv, known?: string, role: 'all' | 'api' = 'all'): Promise<Sluice> {
  const flags = (process.env['SLUICE_BENCH_FLAGS'] ?? '').split(' ').filter(Boolean);
  const args = [...NODE_FLAGS, ...flags, BIN, 'start', '--role', role, '--port', '0'];
  const program = await startProgram(args, { ...SETTINGS, ...env });
  const callAs = async (key: string, method: string, path: string, body: unknown): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${program.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  const key = known ?? String((await callAs(ROOT_KEY, 'POST', '/v1/tenants', { name: 'Bench' }))['apiKey']);
  return { ...program, apiKey: key, call: (method, path, body) => callAs(key, method, path, body) };
}
