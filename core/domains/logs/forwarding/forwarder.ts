import { SluiceError, StepFault } from '../../../kernel/errors.ts';
import { uuid7 } from '../../../kernel/ids.ts';
import type { NewRun } from '../../../kernel/runs.ts';
import type { Collected, LogForwarding } from '../../../kernel/stores/log-routes.ts';
import type { LogDirectory } from '../../../kernel/stores/logs.ts';
import type { Stores, UnitOfWork } from '../../../kernel/stores/stores.ts';
import type { BatchPolicy, Plan } from '../../../language/plan.ts';
import { runOf } from '../../../runtime/run-of.ts';
import type { Catalogue } from '../../definitions/catalogue.ts';
import { concurrencyOf } from '../../runs/concurrency.ts';
import { writeError } from '../faults.ts';
import type { Shards } from '../shards.ts';
import { batchesOf, type Batch } from './ranges.ts';

const PIPELINE = 'batch';
/** Batches of a connection that may wait for their turn. What comes while its sink is behind stays collected. */
const BACKLOG = 1000;
/** Batches of a connection on their way at a time, where its definition does not say: a worker holds the events of each. */
const PARALLEL = 4;
/** Notes that are taken over at a time. */
const NOTES = 1000;
/** How often more is taken of one tenant's outbox before the next one's turn. */
const TURNS = 10;

export interface ForwarderDeps {
  readonly directory: Pick<LogDirectory, 'tenants'> & { readonly forwarding: LogForwarding };
  readonly shards: Pick<Shards, 'open' | 'tenant'>;
  readonly work: UnitOfWork;
  readonly catalogue: Pick<Catalogue, 'plan'>;
}

type Place = Awaited<ReturnType<LogForwarding['routed']>>[number];

/**
 * Brings events to sinks, in two stages, each durable before what it came from is taken away: notes of the outboxes are
 * collected for the routes that they are for, and what was collected becomes runs. A crash between the two commits of the
 * first stage collects a note again; once its events are part of a run they are delivered twice then, and never lost.
 */
export class Forwarder {
  readonly #deps: ForwarderDeps;

  constructor(deps: ForwarderDeps) {
    this.#deps = deps;
  }

  /** Both stages, where no other process is at it. */
  async forward(): Promise<void> {
    const { forwarding } = this.#deps.directory;
    await forwarding.alone(async () => {
      try {
        await this.collect(await forwarding.routed());
      } finally {
        await this.batch();
      }
    });
  }

  /** Takes away what tenants without a route have noted: some came after the last route had gone. */
  async clear(): Promise<void> {
    const { directory } = this.#deps;
    await directory.forwarding.alone(async () => this.collect(await directory.tenants()));
  }

  /** The first stage. A shard that is away is for the next time; whatever is wrong with one place keeps no other waiting. */
  async collect(places: readonly Place[]): Promise<void> {
    const faults: unknown[] = [];
    const collectFrom = async (shard: string): Promise<void> => {
      try {
        // One that hangs is found out soon by this, and not by what waits for an answer of its own.
        await (await this.#deps.shards.open(shard)).ping();
        for (const place of places.filter((each) => each.shard === shard)) {
          await this.#collect(place).catch((error: unknown) => {
            if (isAway(error)) throw error;
            faults.push(error);
          });
        }
      } catch (error) {
        if (!isAway(error)) faults.push(error);
      }
    };
    await Promise.all([...new Set(places.map(({ shard }) => shard))].map(collectFrom));
    if (faults.length > 0) throw faults[0];
  }

  async #collect({ tenantId, shard: name }: Place): Promise<void> {
    const { shards, directory } = this.#deps;
    const shard = await shards.open(name);
    const tenant = await shards.tenant(tenantId, name);
    for (let turn = 0; turn < TURNS; turn++) {
      const notes = await shard.outbox(tenant, NOTES);
      if (notes.length === 0) return;
      await directory.forwarding.collect(tenantId, name, notes);
      await shard.clearOutbox(tenant, notes);
      if (notes.length < NOTES) return;
    }
  }

  /**
   * The second stage: what reaches a bound of its sink becomes runs, in the transaction that takes it away.
   * @returns how many runs were made
   */
  async batch(): Promise<number> {
    const rooms = new Map<string, number>();
    let made = 0;
    for (const collected of await this.#deps.directory.forwarding.collected(BACKLOG)) {
      const plan = this.#deps.catalogue.plan(collected.definition);
      if (plan?.sink?.store !== 'steps' || !isDue(collected, plan.sink.batch)) continue;
      const connection = `${collected.tenantId} ${collected.connectionId}`;
      let room = rooms.get(connection) ?? BACKLOG - collected.backlog;
      for (let more = true; more && room > 0; ) {
        const taken = await this.#take(collected, plan, plan.sink.batch);
        made += taken.runs;
        room -= taken.runs;
        more = taken.more;
      }
      rooms.set(connection, room);
    }
    return made;
  }

  #take(
    collected: Collected,
    plan: Plan,
    policy: BatchPolicy,
  ): Promise<{ readonly runs: number; readonly more: boolean }> {
    const { tenantId, routeId, family } = collected;
    return this.#deps.work.within([tenantId], async (stores) => {
      const pending = await stores.logRoutes.takePending(tenantId, routeId, family, NOTES);
      const runs: NewRun[] = [];
      for (const batch of batchesOf(pending, policy)) runs.push(await runFor(stores, plan, collected, batch));
      await stores.runs.add(runs);
      return { runs: runs.length, more: pending.length === NOTES };
    });
  }
}

function isAway(error: unknown): boolean {
  return writeError('', error) instanceof SluiceError;
}

function isDue({ events, bytes, ageMs }: Collected, { maxEvents, maxBytes, maxWaitMs }: BatchPolicy): boolean {
  return events >= maxEvents || bytes >= maxBytes || ageMs >= maxWaitMs;
}

async function runFor(
  stores: Stores,
  plan: Plan,
  { tenantId, connectionId, family }: Collected,
  { ranges, count }: Batch,
): Promise<NewRun> {
  const id = uuid7();
  const run: NewRun = {
    tenantId,
    id,
    kind: 'forward',
    ...runOf(plan, PIPELINE),
    subject: `logFamily:${family}`,
    connectionId,
    input: { family, ranges: ranges.map((range) => [...range]) },
    context: { batch: { id, family, count } },
  };
  return { ...run, ...(await limitOf(stores, plan, run, connectionId)) };
}

/** As the definition says, else so many of a connection; where what it says cannot be made out, the run is a dead letter. */
async function limitOf(
  stores: Stores,
  plan: Plan,
  { tenantId, id, input, context }: NewRun,
  connectionId: string,
): Promise<Pick<NewRun, 'concurrency' | 'error'>> {
  const pipeline = plan.pipelines.get(PIPELINE);
  const standard = { key: `forward ${connectionId}`, limit: PARALLEL };
  if (!pipeline?.concurrency) return { concurrency: standard };
  const connection = await stores.connections.find(tenantId, connectionId);
  const tenant = await stores.tenants.find(tenantId);
  try {
    const parts = { connection, tenant, runId: id, input, more: context ?? {} };
    return { concurrency: concurrencyOf(plan.id, pipeline, parts) ?? standard };
  } catch (error) {
    if (!(error instanceof StepFault)) throw error;
    return { error: { kind: error.kind, message: error.message } };
  }
}
