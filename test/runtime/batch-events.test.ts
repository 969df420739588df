import { expect } from 'chai';
import { systemClock } from '../../core/kernel/clock.ts';
import { StepFault } from '../../core/kernel/errors.ts';
import type { JsonObject } from '../../core/kernel/json.ts';
import { Registry } from '../../core/kernel/registry.ts';
import type { ClaimedRun, RunWrite } from '../../core/kernel/runs.ts';
import { compileDefinition } from '../../core/language/compile.ts';
import type { Plan } from '../../core/language/plan.ts';
import { createAuthorizer } from '../../core/runtime/auth.ts';
import { execute } from '../../core/runtime/execute.ts';
import { createHttpClient } from '../../core/runtime/http/client.ts';
import { MemoryConnectionStore } from '../../core/runtime/memory/connection-store.ts';
import none from '../../plugins/none/index.ts';
import { startVendor, status, type Vendor } from '../support/vendor.ts';

const ORIGIN = 'https://sink.test';
const sink = (mode: string): string => `
apiVersion: sluice/v1
kind: sink
id: sink
version: 1.0.0
title: Sink
baseUrl: ${ORIGIN}
steps:
  - id: send
    request: { method: POST, path: /bulk, json: { $map: "{{ events }}", each(e): "{{ e.id }}" } }
    idempotency: { mode: ${mode} }
    response: { items: { at: /items, errors: [ { when: "{{ eq item 429 }}", then: retry } ] } }
`;

const AWAY = new StepFault('transient', 'The shard "one" cannot be reached.');
const events = (...ids: string[]): JsonObject[] => ids.map((id) => ({ id, fields: {} }));

describe('the events of a batch', () => {
  let vendor: Vendor;
  let http: ReturnType<typeof createHttpClient>;
  const registry = new Registry([none]);
  before(async () => {
    vendor = await startVendor();
    http = createHttpClient({ clock: systemClock, endpoints: { [ORIGIN]: vendor.origin } });
  });
  beforeEach(() => {
    vendor.requests.length = 0;
    vendor.answer(status(200, {}, '{"items":[]}'));
  });
  after(async () => {
    http.close();
    await vendor.close();
  });

  const planOf = (mode: string): Plan => compileDefinition({ file: 'sink.yaml', text: sink(mode) }, registry).plan!;
  const claimed = (more: Partial<ClaimedRun> = {}): ClaimedRun => ({
    tenantId: 't',
    tenantName: 'T',
    id: 'r',
    kind: 'forward',
    definition: { id: 'sink', version: '1.0.0', hash: '' },
    pipeline: 'batch',
    input: { family: 'web', ranges: [[1, 3]] },
    context: { batch: { id: 'r', family: 'web', count: 3 } },
    createdAt: 0,
    claimedAt: Date.now(),
    leaseEpoch: 1,
    attempt: 0,
    cursor: { steps: {}, generation: 0 },
    interrupted: false,
    cancelRequested: false,
    ...more,
  });
  const carry = (plan: Plan, run: ClaimedRun, load: () => readonly JsonObject[]): Promise<RunWrite> => {
    const connections = new MemoryConnectionStore('sink', {});
    const app = (): JsonObject => ({});
    const deps = {
      clock: systemClock,
      random: () => 1,
      http,
      connections,
      authorizer: createAuthorizer({ registry, connections, http, clock: systemClock, app }),
      app,
      stepTypes: () => undefined,
      services: {},
      events: async () => load(),
      checkpoint: async () => ({ cancelRequested: false }),
    };
    return execute(run, plan, deps, new AbortController().signal);
  };
  const away = (): never => {
    throw AWAY;
  };

  it('are waited for, longer and longer, while their store is away', async () => {
    const plan = planOf('safe');
    const first = await carry(plan, claimed(), away);
    expect(first).to.deep.include({ state: 'waiting', waitMs: 1000, attempt: 1 });
    expect(first.trace).to.have.length(1);
    expect(first.trace[0]).to.deep.include({ step: 'events', state: 'waiting', wait: 1000 });
    const later = await carry(plan, claimed({ attempt: 50 }), away);
    expect(later.waitMs).to.equal(60_000);
    const end = await carry(plan, claimed({ attempt: 51, cursor: later.cursor }), () => events('web-1'));
    expect([end.state, end.outputs]).to.deep.equal(['succeeded', { delivered: 1, retried: 0, failed: 0 }]);
    expect(vendor.requests).to.have.length(1);
  });

  it('end the run where they cannot be had at all', async () => {
    const end = await carry(planOf('safe'), claimed(), () => {
      throw new StepFault('config', 'There is no such family.');
    });
    expect([end.state, end.error?.message]).to.deep.equal(['failed', 'There is no such family.']);
  });

  it('do not make a doubt forgotten: what may have been sent is not sent blindly after the wait', async () => {
    const plan = planOf('once');
    const waits = await carry(plan, claimed({ interrupted: true }), away);
    expect([waits.state, waits.cursor.doubt]).to.deep.equal(['waiting', true]);
    const end = await carry(plan, claimed({ cursor: waits.cursor }), () => events('web-1'));
    expect(end.state).to.equal('needs_review');
    expect(vendor.requests).to.deep.equal([]);
  });

  it('all go again where some were purged since the batch was rendered, and whose answers these are cannot be told', async () => {
    const plan = planOf('safe');
    vendor.answer(status(503));
    const waits = await carry(plan, claimed(), () => events('web-1', 'web-2', 'web-3'));
    expect(waits.state).to.equal('waiting');
    vendor.answer(status(200, {}, '{"items":[200,200,429]}'));
    const end = await carry(plan, claimed({ attempt: 1, cursor: waits.cursor }), () => events('web-2', 'web-3'));
    expect(JSON.parse(vendor.requests[1]!.body)).to.deep.equal(['web-1', 'web-2', 'web-3']);
    const since = waits.cursor.intent?.firstSentAt;
    expect(end.spawn?.map(({ input }) => input)).to.deep.equal([{ family: 'web', ids: ['web-2', 'web-3'], attempt: 2, since }]);
    expect([end.state, end.outputs]).to.deep.equal(['succeeded', { delivered: 0, retried: 2, failed: 0 }]);
  });

  it('go again as the policy of the step says, and are dead letters once it has had enough', async () => {
    const plan = planOf('safe');
    vendor.answer(status(200, { 'retry-after': '90' }, '{"items":[200,429]}'));
    const [all, rest] = [() => events('web-1', 'web-2'), () => events('web-2')];
    const first = await carry(plan, claimed(), all);
    const next = first.spawn![0]!;
    expect([next.delayMs! >= 90_000, next.error]).to.deep.equal([true, undefined]);
    vendor.answer(status(200, {}, '{"items":[429]}'));
    const last = await carry(plan, claimed({ input: { ...next.input, attempt: 5 } }), rest);
    expect(last.outputs).to.deep.equal({ delivered: 0, retried: 0, failed: 1 });
    expect(last.spawn!.map(({ input, error }) => [input, error?.message])).to.deep.equal([
      [{ family: 'web', ids: ['web-2'] }, 'Given up after 5 attempts. The other side refused these events.'],
    ]);
    const late = await carry(plan, claimed({ input: { ...next.input, since: 0 } }), rest);
    expect(late.spawn![0]!.error?.kind).to.equal('transient');
  });
});
