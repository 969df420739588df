import { performance } from 'node:perf_hooks';
import { WorkerObserver, type ObservedWorker } from './observer.ts';
import type { PeriodicJob } from './timetable.ts';

/** What the sweep does to the run table. */
export interface SweptQueue {
  beats(): Promise<readonly ObservedWorker[]>;
  recover(dead: ReadonlyMap<string, string>): Promise<number>;
  sweep(): Promise<void>;
}

/**
 * Each second: takes back what dead workers held, gives back slots that a crash left taken, and wakes the workers
 * where something is due, so that nothing depends on a notification having arrived.
 */
export function sweepJob(queue: SweptQueue, observer: WorkerObserver = new WorkerObserver()): PeriodicJob {
  return {
    name: 'sweep',
    every: '1 second',
    async run() {
      await queue.recover(observer.judge(await queue.beats(), performance.now()));
      await queue.sweep();
    },
  };
}
