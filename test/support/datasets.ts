import { mkdir, rename, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Webhook } from 'standardwebhooks';

/** What the tests sign messages with. */
export const SIGNING_SECRET = `whsec_${Buffer.from('secret-of-the-shop-0123456789').toString('base64')}`;

/** Puts a file below a landing folder as a careful sender does: it has its name once it is whole. */
export async function drop(landingFolder: string, key: string, content: readonly string[] | Uint8Array): Promise<void> {
  const file = path.join(landingFolder, ...key.split('/'));
  const part = path.join(path.dirname(file), `.${path.basename(file)}`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(part, content instanceof Uint8Array ? content : `${content.join('\n')}\n`);
  // The clock of a file system moves in steps: within one, a file that is moved looks like one that is written.
  await utimes(part, 0, 0);
  await rename(part, file);
}

/** The headers of a message by Standard Webhooks. */
export function signed(id: string, body: string, secret = SIGNING_SECRET, at = new Date()): Record<string, string> {
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  };
}

/** A message of the dataset commerce. */
export function transaction(id: string, order: string, status: string): string {
  return JSON.stringify({ type: 'transaction', data: { id, order_id: order, status, created_at: '2026-03-01T10:00:00Z' } });
}
