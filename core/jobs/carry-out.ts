import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkerObserver } from './observer.ts';
import { sweepJob, type SweptQueue } from './sweep.ts';
import type { Worker } from './worker.ts';

const LOOK_EVERY = 250;

/**
 * Sees to it that runs are carried out until `ended` says so: by the workers that live, or where there are none (any
 * more) by one of its own, which also takes back what dead ones held.
 * @param ended what is waited for; undefined where it has not come about
 */
export async function carryOut<T>(
  on: { readonly queue: SweptQueue; readonly newWorker: () => Pick<Worker, 'start' | 'wake' | 'drain'> },
  ended: () => Promise<T | undefined>,
  graceMs: number,
): Promise<T> {
  const observer = new WorkerObserver();
  const sweep = sweepJob(on.queue);
  let own: ReturnType<typeof on.newWorker> | undefined;
  try {
    for (;;) {
      const result = await ended();
      if (result !== undefined) return result;
      const beats = await on.queue.beats();
      const dead = observer.judge(beats, performance.now());
      if (!own && beats.every(({ id }) => dead.has(id))) {
        own = on.newWorker();
        await own.start();
      }
      if (own) {
        await sweep.run();
        own.wake();
      }
      await sleep(LOOK_EVERY);
    }
  } finally {
    await own?.drain(graceMs);
  }
}
