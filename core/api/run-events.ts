import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { runWithSteps } from '../domains/runs/runs.ts';
import { ENDED } from '../kernel/runs.ts';
import type { Context, Reply } from './route.ts';
import { showRun } from './run-view.ts';

/** How often the run's version is looked at, and how often a quiet stream shows that it lives. */
const LOOK_MS = 500;
const HEARTBEAT_MS = 15_000;

/** Server-sent events of one run: its state now, then each change seen, until it has ended or somebody leaves. */
export function runEvents({ request, work, tenantId }: Context, id: string, closing: AbortSignal): Reply {
  const last = Number(request.headers['last-event-id'] ?? 0);
  return {
    status: 200,
    type: 'text/event-stream; charset=utf-8',
    headers: { 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' },
    async stream(response) {
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      const signal = AbortSignal.any([gone.signal, closing]);
      response.flushHeaders();
      let seen = Number.isFinite(last) ? last : 0;
      let quietSince = Date.now();
      while (!signal.aborted) {
        const now = await work((stores) => stores.runs.version(tenantId, id));
        if (!now) break;
        if (now.version > seen) {
          const { run, steps } = await work((stores) => runWithSteps(stores, tenantId, id));
          seen = run.version;
          await write(
            response,
            `event: run\nid: ${run.version}\ndata: ${JSON.stringify(showRun(run, steps))}\n\n`,
          );
          quietSince = Date.now();
          if (ENDED.includes(run.state)) break;
        } else if (ENDED.includes(now.state)) {
          break;
        } else if (Date.now() - quietSince > HEARTBEAT_MS) {
          await write(response, ': still here\n\n');
          quietSince = Date.now();
        }
        await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
      }
      response.end();
    },
  };
}

async function write(response: ServerResponse, text: string): Promise<void> {
  if (!response.destroyed && !response.write(text))
    await Promise.race([once(response, 'drain'), once(response, 'close')]);
}
