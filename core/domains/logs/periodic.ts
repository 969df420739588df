import type { RunStore } from '../../kernel/ports.ts';
import type { UnitOfWork } from '../../kernel/stores/stores.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import { Forwarder } from './forwarding/forwarder.ts';
import type { Logs } from './logs.ts';
import { retire } from './purging.ts';

/** What the log platform does again and again; `every` is the timetable's. */
export function logJobs(
  logs: Logs,
  on: {
    readonly catalogue: Catalogue;
    readonly work: UnitOfWork;
    readonly queue: Pick<RunStore, 'enqueue'>;
  },
): { readonly name: string; readonly every: string; readonly run: () => Promise<void> }[] {
  const retention = { ...on, directory: logs.directory, now: Date.now, oldest: oldestOf(logs) };
  const forwarder = new Forwarder({ ...on, directory: logs.directory, shards: logs.shards });
  return [
    { name: 'forward-logs', every: '1 second', run: () => forwarder.forward() },
    { name: 'clear-log-outboxes', every: '1 hour', run: () => forwarder.clear() },
    { name: 'measure-logs', every: '5 minutes', run: () => logs.measure() },
    { name: 'retire-logs', every: '1 hour', run: async () => void (await retire(retention)) },
  ];
}

/** A family whose shard is away is for the next time. */
function oldestOf({ reading }: Logs): Parameters<typeof retire>[0]['oldest'] {
  return (family) => reading.oldest(family).catch(() => undefined);
}
