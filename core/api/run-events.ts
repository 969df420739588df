import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { RunWatch } from '../domains/runs/watch.ts';
import { ENDED } from '../kernel/runs.ts';
import type { Run } from '../kernel/stores/runs.ts';
import type { Context, Reply } from './route.ts';

/** How often a quiet stream shows that it lives, in ms. */
const HEARTBEAT_MS = 15_000;

/** How a run is shown to those who follow it. */
export interface Following {
  readonly watch: RunWatch;
  /** Aborts when the server closes. */
  readonly closing: AbortSignal;
  /** The name of its events. */
  readonly event: string;
  /** Reads the run, and what is to be told of it. */
  readonly load: () => Promise<{ readonly run: Run; readonly data: unknown }>;
}

/**
 * Server-sent events of one run: what it is now, then each change seen, until it has ended or somebody leaves. An
 * event's id is the run's version and its data all there is to say, so that Last-Event-ID means "newer than".
 */
export function runEvents({ request, tenantId }: Context, id: string, following: Following): Reply {
  const last = Number(request.headers['last-event-id'] ?? 0);
  const seen = Number.isFinite(last) ? last : 0;
  return {
    status: 200,
    type: 'text/event-stream; charset=utf-8',
    headers: { 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' },
    async stream(response) {
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      response.flushHeaders();
      const heartbeat = setInterval(() => void write(response, ': still here\n\n'), HEARTBEAT_MS);
      try {
        await follow(response, { tenantId, id }, seen, following, AbortSignal.any([gone.signal, following.closing]));
      } finally {
        clearInterval(heartbeat);
      }
      response.end();
    },
  };
}

async function follow(
  response: ServerResponse,
  named: { readonly tenantId: string; readonly id: string },
  last: number,
  { watch, event, load }: Following,
  signal: AbortSignal,
): Promise<void> {
  let seen = last;
  do {
    const { run, data } = await load();
    if (run.version > seen) {
      seen = run.version;
      await write(response, `event: ${event}\nid: ${seen}\ndata: ${JSON.stringify(data)}\n\n`);
    }
    if (ENDED.includes(run.state)) return;
  } while (await watch.newer(named, seen, ({ state }) => ENDED.includes(state), signal));
}

async function write(response: ServerResponse, text: string): Promise<void> {
  if (!response.destroyed && !response.write(text)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
}
