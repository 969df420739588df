import { expect } from 'chai';
import { replayFromFailedStep, replayFromStart } from '../../core/runtime/replay.ts';
import type { Cursor } from '../../core/kernel/runs.ts';
import { requeueRun } from '../../db/stores/runs/requeue.ts';
import { testEngine, type TestEngine } from '../support/engine.ts';
import { cut, inTurn, ok, silent, startVendor, status, type Behaviour, type Vendor } from '../support/vendor.ts';

/*
 * The table of outcomes, row by row: what happened to a sent request, and what the engine does about it under each
 * idempotency. A request's key is in its body (mode key) and in its header (mode header).
 */
const MODES = {
  safe: '{ mode: safe }',
  header: '{ mode: header, header: Idempotency-Key }',
  key: '{ mode: key }',
  once: '{ mode: once }',
} as const;
type Mode = keyof typeof MODES;
const REPEATABLE: readonly Mode[] = ['safe', 'header', 'key'];

const action = (mode: string, idempotency: string): string => `
  ${mode}:
    title: Send
    input: { type: object, properties: { text: { type: string, default: hello } } }
    steps:
      - id: send
        request: { method: POST, path: /messages, json: { text: "{{ input.text }}", key: "{{ step.idempotencyKey }}", at: "{{ now }}" } }
        idempotency: ${idempotency}
        timeout: PT0.3S
        response: { outputs: { ok: /ok } }
    outputs: { ok: "{{ optional steps.send.ok }}" }`;

const YAML = `
apiVersion: sluice/v1
kind: integration
id: vendor
version: 1.0.0
title: Vendor
baseUrl: https://api.vendor.test
connection:
  type: object
  required: [token]
  properties: { token: { type: string, secret: true } }
auth: { bearer: { token: "{{ connection.token }}" } }
retry: { maxAttempts: 3, backoff: { type: constant, initial: PT0.02S, jitter: none } }
errors:
  - { when: { status: 418 }, then: ignore }
  - { when: { status: 451 }, then: unknown, message: perhaps }
actions:${Object.entries(MODES).map(([mode, text]) => action(mode, text)).join('')}${action('expiring', '{ mode: header, header: Idempotency-Key, validFor: PT0.001S }')}
`;

describe('What happened to a sent request decides what is done about it', () => {
  let vendor: Vendor;
  let engine: TestEngine;

  before(async () => {
    vendor = await startVendor();
    engine = await testEngine(YAML, { 'https://api.vendor.test': vendor.origin });
  });
  after(async () => {
    await engine.close();
    await vendor.close();
  });

  /** The requests of one run, told by its text. */
  const sent = (text: string) =>
    vendor.requests.filter((request) => (JSON.parse(request.body) as { text: string }).text === text);
  const submit = async (mode: string, text: string, behaviour: Behaviour): Promise<string> => {
    vendor.answer(behaviour);
    return engine.submit(mode, { text });
  };
  const sameBytes = (text: string) => new Set(sent(text).map((request) => request.body)).size === 1;

  describe('with a worker at work', () => {
    before(() => engine.worker());

    for (const mode of Object.keys(MODES) as Mode[]) {
      it(`${mode}: a whole 2xx is done`, async () => {
        const run = await submit(mode, `2xx ${mode}`, ok);
        const row = await engine.settled(run, 'succeeded');
        expect(row).to.include({ attempt: 1 });
        expect(row.outputs).to.deep.equal({ ok: true });
        expect(sent(`2xx ${mode}`)).to.have.length(1);
      });

      it(`${mode}: a rule that matches a whole answer has the word`, async () => {
        const run = await submit(mode, `rule ${mode}`, status(418));
        await engine.settled(run, 'succeeded');
        expect((await engine.trace(run))[0]).to.include({ state: 'succeeded', rule: '/errors/0' });
      });

      for (const code of [408, 425, 429, 503]) {
        it(`${mode}: ${code} is waited out, and the same bytes go again under the same key`, async () => {
          const text = `${code} ${mode}`;
          const run = await submit(mode, text, inTurn(status(code), ok));
          expect(await engine.settled(run, 'succeeded')).to.include({ attempt: 2 });
          expect(sent(text)).to.have.length(2);
          expect(sameBytes(text)).to.equal(true);
          if (mode === 'header') expect(new Set(sent(text).map((r) => r.headers['idempotency-key'])).size).to.equal(1);
        });
      }

      for (const [fault, behaviour] of Object.entries({
        '500': status(500),
        '502': status(502),
        '504': status(504),
        'a cut connection': cut,
        'silence': silent,
        'a rule that says unknown': status(451),
      })) {
        if (mode === 'once') {
          it(`once: ${fault} is for a person to judge, and nothing is sent again`, async () => {
            const text = `${fault} ${mode}`;
            const run = await submit(mode, text, inTurn(behaviour, ok));
            const row = await engine.settled(run, 'needs_review');
            expect(row.error?.message).to.match(/unknown whether this request had its effect/);
            expect(sent(text)).to.have.length(1);
          });
        } else {
          it(`${mode}: after ${fault} the same bytes go again under the same key`, async () => {
            const text = `${fault} ${mode}`;
            const run = await submit(mode, text, inTurn(behaviour, ok));
            await engine.settled(run, 'succeeded');
            expect(sent(text)).to.have.length(2);
            expect(sameBytes(text)).to.equal(true);
          });
        }
      }

      it(`${mode}: another 4xx is a failure, at once`, async () => {
        const run = await submit(mode, `404 ${mode}`, status(404));
        const row = await engine.settled(run, 'failed');
        expect(row.error).to.include({ kind: 'config', rule: 'default/404', step: 'send' });
        expect(sent(`404 ${mode}`)).to.have.length(1);
      });

      it(`${mode}: attempts that all fail end as a failure that says so`, async () => {
        const run = await submit(mode, `always ${mode}`, status(503));
        const row = await engine.settled(run, 'failed');
        expect(row.error?.message).to.match(/^Given up after 3 attempts/);
        expect(sent(`always ${mode}`)).to.have.length(3);
      });

      it(`${mode}: a replay of the failed step after a definite failure takes the next key`, async () => {
        const text = `replay ${mode}`;
        const run = await submit(mode, text, inTurn(status(404), ok));
        const failed = await engine.settled(run, 'failed');
        await requeue(run, replayFromFailedStep(failed.cursor, 'failed', failed.error?.step));
        await engine.settled(run, 'succeeded');
        const keys = sent(text).map((request) => (JSON.parse(request.body) as { key: string }).key);
        expect(new Set(keys).size).to.equal(2);
      });

      it(`${mode}: a replay from the start takes new keys`, async () => {
        const text = `again ${mode}`;
        const run = await submit(mode, text, ok);
        const done = await engine.settled(run, 'succeeded');
        await requeue(run, replayFromStart(done.cursor));
        await eventuallySent(text, 2);
        const keys = sent(text).map((request) => (JSON.parse(request.body) as { key: string }).key);
        expect(new Set(keys).size).to.equal(2);
      });
    }

    it('a refused credential that cannot be renewed takes the connection out of use', async () => {
      const run = await submit('once', 'unauthorised', status(401));
      const row = await engine.settled(run, 'failed');
      expect(row.error).to.include({ kind: 'config', rule: 'default/401' });
      const connection = await engine.connection.load();
      expect(connection.state).to.equal('needs_reauth');
      const next = await engine.settled(await submit('once', 'not even tried', ok), 'failed');
      expect(next.error?.message).to.match(/needs to be authorised again/);
      expect(sent('not even tried')).to.have.length(0);
      await engine.connection.setState(connection, 'active');
    });

    it('a run that gave up in doubt keeps its key when it is replayed', async () => {
      const run = await submit('header', 'doubtful', inTurn(cut, cut, cut, ok));
      const failed = await engine.settled(run, 'failed');
      await requeue(run, replayFromFailedStep(failed.cursor, 'failed', failed.error?.step));
      await engine.settled(run, 'succeeded');
      expect(sent('doubtful')).to.have.length(4);
      expect(new Set(sent('doubtful').map((r) => r.headers['idempotency-key'])).size).to.equal(1);
    });
  });

  const requeue = async (run: string, cursor: Cursor): Promise<void> => {
    await engine.inTransaction((client) =>
      requeueRun(client, { tenantId: engine.tenantId, id: run }, ['failed', 'succeeded'], { cursor }),
    );
    engine.wake();
  };
  const eventuallySent = async (text: string, count: number): Promise<void> => {
    while (sent(text).length < count) await new Promise((resolve) => setTimeout(resolve, 20));
  };
});

describe('What a worker that was killed leaves behind', () => {
  let vendor: Vendor;
  let engine: TestEngine;

  beforeEach(async () => {
    vendor = await startVendor();
    engine = await testEngine(YAML, { 'https://api.vendor.test': vendor.origin });
  });
  afterEach(async () => {
    await engine.close();
    await vendor.close();
  });

  for (const mode of REPEATABLE) {
    it(`${mode}: killed after the intent, the request is sent by another`, async () => {
      const run = await engine.submit(mode);
      const ghost = await engine.ghostClaim();
      await engine.worker();
      await engine.bury(ghost.id);
      await engine.settled(run, 'succeeded');
      expect(vendor.requests).to.have.length(1);
    });

    it(`${mode}: killed between the answer and its record, the same bytes go again under the same key`, async () => {
      const run = await engine.submit(mode);
      const ghost = await engine.ghostClaim();
      await engine.carryUnrecorded(ghost.runs[0]!);
      await engine.worker();
      await engine.bury(ghost.id);
      await engine.settled(run, 'succeeded');
      expect(vendor.requests).to.have.length(2);
      expect(vendor.requests[1]?.body).to.equal(vendor.requests[0]?.body);
      expect(vendor.requests[1]?.headers['idempotency-key']).to.equal(vendor.requests[0]?.headers['idempotency-key']);
    });
  }

  it('once: killed after the intent, it is for a person to judge', async () => {
    const run = await engine.submit('once');
    const ghost = await engine.ghostClaim();
    await engine.worker();
    await engine.bury(ghost.id);
    await engine.settled(run, 'needs_review');
    expect(vendor.requests).to.have.length(0);
  });

  it('once: killed between the answer and its record, it is for a person to judge', async () => {
    const run = await engine.submit('once');
    const ghost = await engine.ghostClaim();
    await engine.carryUnrecorded(ghost.runs[0]!);
    await engine.worker();
    await engine.bury(ghost.id);
    await engine.settled(run, 'needs_review');
    expect(vendor.requests).to.have.length(1);
  });

  it('a key that its vendor may have forgotten by now is as good as none', async () => {
    const run = await engine.submit('expiring');
    const ghost = await engine.ghostClaim();
    await engine.carryUnrecorded(ghost.runs[0]!);
    await engine.worker();
    await engine.bury(ghost.id);
    await engine.settled(run, 'needs_review');
    expect(vendor.requests).to.have.length(1);
  });

  it('a worker that was taken for dead and comes back writes nothing', async () => {
    const run = await engine.submit('header');
    const ghost = await engine.ghostClaim();
    await engine.worker();
    await engine.bury(ghost.id);
    await engine.settled(run, 'succeeded');
    const [claimed] = ghost.runs;
    const { tenantId, id, kind, leaseEpoch, cursor } = claimed!;
    const late = await engine.queue.write([{ tenantId, id, kind, leaseEpoch, state: 'failed', attempt: 9, cursor, trace: [] }]);
    expect([...late]).to.deep.equal([]);
    expect((await engine.row(run)).state).to.equal('succeeded');
  });
});
