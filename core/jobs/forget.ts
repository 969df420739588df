import type { Directory } from '../kernel/stores/stores.ts';
import type { PeriodicJob } from './timetable.ts';

/** Runs that go in one statement. */
const CHUNK = 5000;

/** Idempotency keys are kept for a day, and the platform's routine runs for a week. */
export function forgetJob(on: {
  readonly records: Pick<Directory, 'purgeIdempotencyKeys'>;
  readonly queue: { retire(limit: number): Promise<number> };
}): PeriodicJob {
  return {
    name: 'forget',
    every: '1 hour',
    async run() {
      await on.records.purgeIdempotencyKeys();
      while ((await on.queue.retire(CHUNK)) === CHUNK);
    },
  };
}
