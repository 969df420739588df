import type { ServerResponse } from 'node:http';
import type { Tail, TailItem } from '../domains/logs/tail/tail.ts';

/** In ms: how often a quiet stream shows that it lives, and how long one may take nothing before it is cut. */
const HEARTBEAT = 15_000;
const STALLED = 60_000;
/** How long what is left may take to go once the stream has ended. */
const LAST_WORDS = 1000;

/** Server-sent events of a tail, until it ends or somebody leaves. */
export async function streamTail(response: ServerResponse, tail: Tail): Promise<void> {
  await write(response, 'event: ready\ndata: {"ready":true}\n\n');
  while (!tail.ended && !response.destroyed) {
    const items = await tail.take(HEARTBEAT);
    if (!tail.ended) await write(response, items.length > 0 ? items.map(asEvent).join('') : ': still here\n\n');
  }
  const cut = setTimeout(() => response.destroy(), LAST_WORDS);
  response.once('close', () => clearTimeout(cut));
  response.end();
}

function asEvent({ kind, text }: TailItem): string {
  return kind === 'event' ? `data: ${text}\n\n` : `event: ${kind}\ndata: ${text}\n\n`;
}

/** Resolves once there is room for more, or nobody to take it. */
async function write(response: ServerResponse, text: string): Promise<void> {
  if (response.destroyed || response.write(text)) return;
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => response.destroy(), STALLED);
    const end = (): void => {
      clearTimeout(cut);
      response.off('drain', end).off('close', end);
      resolve();
    };
    response.once('drain', end).once('close', end);
  });
}
