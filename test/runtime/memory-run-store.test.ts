import { VirtualClock } from '../../core/kernel/clock.ts';
import { uuid7 } from '../../core/kernel/ids.ts';
import { MemoryRunStore } from '../../core/runtime/memory/run-store.ts';
import { runStoreContract, type StoreUnderTest } from './run-store.contract.ts';

const clock = new VirtualClock(Date.UTC(2026, 0, 1));
const store = new MemoryRunStore(clock);
const under: StoreUnderTest = {
  store,
  hash: 'a'.repeat(64),
  newTenant: async () => uuid7(),
  newWorker: async () => uuid7(),
  recover: async (workerId) => void (await store.recover(workerId)),
  cancel: ({ id }) => store.cancel(id),
  async look({ id }) {
    const row = store.runs.get(id);
    return row && { state: row.state, dueIn: row.dueAt === undefined ? null : row.dueAt - clock.now(), trace: row.trace };
  },
};

runStoreContract('The memory run store', () => under);
