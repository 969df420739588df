import { VirtualClock } from '../../core/kernel/clock.ts';
import { uuid7 } from '../../core/kernel/ids.ts';
import { MemoryRunStore } from '../../core/runtime/memory/run-store.ts';
import { runStoreContract, type StoreUnderTest } from './run-store.contract.ts';

const store = new MemoryRunStore(new VirtualClock(Date.UTC(2026, 0, 1)));
const under: StoreUnderTest = {
  store,
  hash: 'a'.repeat(64),
  newTenant: async () => uuid7(),
  newWorker: async () => uuid7(),
  recover: async (workerId) => void (await store.recover(workerId)),
};

runStoreContract('The memory run store', () => under);
