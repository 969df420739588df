import { Worker } from '../../core/jobs/worker.ts';
import { systemClock } from '../../core/kernel/clock.ts';
import { Registry } from '../../core/kernel/registry.ts';
import type { DatasetServices } from '../../core/kernel/services.ts';
import type { Plan } from '../../core/language/plan.ts';
import { createAuthorizer } from '../../core/runtime/auth.ts';
import { createHttpClient } from '../../core/runtime/http/client.ts';
import { MemoryConnectionStore } from '../../core/runtime/memory/connection-store.ts';
import type { RunQueue } from '../../db/stores/run-queue.ts';
import buildDataset from '../../plugins/buildDataset/index.ts';
import exportDataset from '../../plugins/exportDataset/index.ts';
import loadDataset from '../../plugins/loadDataset/index.ts';
import none from '../../plugins/none/index.ts';
import retireDataset from '../../plugins/retireDataset/index.ts';

/** What definitions of datasets may use. */
export const registry = new Registry([none, loadDataset, exportDataset, buildDataset, retireDataset]);

/** A worker of the engine whose steps find the datasets. */
export async function startDatasetWorker(
  queue: RunQueue,
  plan: () => Plan,
  datasets: DatasetServices,
): Promise<Worker> {
  const connections = new MemoryConnectionStore(plan().id, {});
  const http = createHttpClient({ endpoints: {}, clock: systemClock });
  const app = () => ({});
  const authorizer = createAuthorizer({ registry, connections, http, clock: systemClock, app });
  const stepTypes = (name: string) => registry.stepType(name);
  const engine = {
    clock: systemClock,
    random: Math.random,
    http,
    authorizer,
    connections,
    app,
    stepTypes,
    services: { datasets },
    events: async () => [],
  };
  const log = { warn() {}, error: (fields: object, message: string) => console.error(message, fields) };
  const worker = new Worker({ queue, engine, plan: async () => plan(), log });
  await worker.start();
  return worker;
}
