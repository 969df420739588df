import { checkDrift, type DriftDeps } from './drift.ts';

/** What the timetable does for compute environments. */
export function computeJobs(deps: DriftDeps) {
  return [
    { name: 'check-drift', every: '30 seconds', run: async () => void (await checkDrift(deps)) },
    {
      name: 'forget-deleted-environments',
      every: '1 hour',
      run: async () => void (await deps.environments.purgeDeleted()),
    },
  ];
}
