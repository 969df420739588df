import type { Directory } from '../kernel/stores/stores.ts';
import type { PeriodicJob } from './timetable.ts';

/** Idempotency keys are kept for a day. */
export function forgetJob(records: Pick<Directory, 'purgeIdempotencyKeys'>): PeriodicJob {
  const run = async (): Promise<void> => void (await records.purgeIdempotencyKeys());
  return { name: 'forget-idempotency-keys', every: '1 hour', run };
}
