import { expect } from 'chai';
import { WorkerObserver, type ObservedWorker } from '../../core/jobs/observer.ts';
import { testEngine, type TestEngine } from '../support/engine.ts';
import { inTurn, ok, startVendor, status, type Vendor } from '../support/vendor.ts';

const at = (beat: number): ObservedWorker[] => [{ id: 'worker', beat: String(beat), host: 'another', pid: 1 }];

describe('A clock that jumps', () => {
  describe('does not make a living worker dead', () => {
    it('who stands still under the eyes of the observer for five seconds is dead, and not before', () => {
      const observer = new WorkerObserver();
      for (const second of [0, 1, 2, 3, 4]) expect([...observer.judge(at(7), second * 1000)]).to.deep.equal([]);
      expect([...observer.judge(at(7), 5000)]).to.deep.equal([['worker', '7']]);
    });

    it('any beat begins anew, whatever its number', () => {
      const observer = new WorkerObserver();
      for (let second = 0; second < 60; second++) {
        expect([...observer.judge(at(100 - Math.floor(second / 4)), second * 1000)]).to.deep.equal([]);
      }
    });

    it('an observer that slept, or could not look, holds nobody responsible for the time in between', () => {
      const observer = new WorkerObserver();
      observer.judge(at(7), 0);
      expect([...observer.judge(at(7), 3_600_000)]).to.deep.equal([]);
      expect([...observer.judge(at(7), 3_601_000)]).to.deep.equal([]);
      expect([...observer.judge(at(8), 3_602_000)]).to.deep.equal([]);
    });

    it('one that really died meanwhile is found a few seconds later', () => {
      const observer = new WorkerObserver();
      observer.judge(at(7), 0);
      const verdicts = [0, 1, 2, 3].map((second) => observer.judge(at(7), 3_600_000 + second * 1000).size);
      expect(verdicts).to.deep.equal([0, 0, 0, 1]);
    });
  });

  describe('does not move what is due', () => {
    let vendor: Vendor;
    let engine: TestEngine;
    const now = Date.now;

    before(async () => {
      vendor = await startVendor();
      engine = await testEngine(
        `
apiVersion: sluice/v1
kind: integration
id: vendor
version: 1.0.0
title: Vendor
baseUrl: https://api.vendor.test
connection: { type: object, required: [token], properties: { token: { type: string, secret: true } } }
auth: { bearer: { token: "{{ connection.token }}" } }
retry: { maxAttempts: 3, backoff: { type: constant, initial: PT0.2S, jitter: none } }
actions:
  send:
    title: Send
    input: { type: object }
    steps:
      - id: send
        request: { method: POST, path: /x }
        idempotency: { mode: header, header: Idempotency-Key }
`,
        { 'https://api.vendor.test': vendor.origin },
      );
      await engine.worker();
    });
    after(async () => {
      await engine.close();
      await vendor.close();
    });
    afterEach(() => {
      Date.now = now;
    });

    for (const [says, jump] of [['a year ahead', 365 * 86_400_000], ['a year back', -365 * 86_400_000]] as const) {
      it(`a wait is told in milliseconds from now to the database, whose clock alone counts: ${says}`, async () => {
        vendor.answer(inTurn(status(503), ok));
        Date.now = () => now() + jump;
        const run = await engine.submit('send');
        await engine.settled(run, 'succeeded');
        expect(await engine.trace(run)).to.deep.equal([
          { step: 'send', attempt: 1, state: 'waiting', rule: 'default/503', wait_ms: 200 },
          { step: 'send', attempt: 2, state: 'succeeded', rule: null, wait_ms: null },
        ]);
      });
    }
  });
});
