import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { cutNews, openSocket, openStream, type Tailing } from '../api/tailing.ts';
import { testApi, type TestApi } from '../api/test-api.ts';
import { createDatabase } from '../support/database.ts';

const SECONDS = process.env['SLUICE_SOAK'] ? 60 : 4;
/** Writers besides the canary, on either process. */
const OTHERS = 6;

describe('A canary in the logs', function () {
  this.timeout((SECONDS + 90) * 1000);
  let shard: { url: string; drop(): Promise<void> };
  let here: TestApi;
  let there: TestApi;
  const family = 'mine';

  before(async () => {
    shard = await createDatabase();
    here = await testApi({ logShards: { one: shard.url } });
    there = await testApi({ logShards: { one: shard.url }, place: here.place });
    await here.call('PUT', '/api/log', { family, schema: { canary: 'int', load: 'int' }, logs: [] });
  });
  after(async () => {
    await there.close();
    await here.close();
    await shard.drop();
  });

  it('is heard by whoever tails, at either process: each number once, and in order, while others write', async () => {
    const path = `/v1/log-families/${family}/tail?q=${encodeURIComponent('canary:*')}`;
    const tails: readonly Tailing[] = [
      await openSocket(here.url, here.key, path),
      await openSocket(there.url, here.key, path),
      await openStream(there.url, here.key, path),
    ];
    const stop = new AbortController();
    const loads = Array.from({ length: OTHERS }, (_, i) => load(i % 2 === 0 ? here : there, i, stop.signal));
    const cuts = cutAgain(stop.signal);
    const until = Date.now() + SECONDS * 1000;
    let sent = 0;
    while (Date.now() < until) await put(here, [{ canary: ++sent }]);
    stop.abort();
    await Promise.all(loads);
    expect(await cuts).to.be.above(0);
    await put(here, [{ canary: ++sent }]);
    const all = Array.from({ length: sent }, (_, i) => i + 1);
    for (const tail of tails) {
      await tail.until(sent);
      expect(tail.events.map(({ fields }) => fields['canary'])).to.deep.equal(all);
      expect([tail.drops, tail.ended]).to.deep.equal([[], undefined]);
      tail.close();
    }
  });

  async function put(api: TestApi, logs: readonly object[], headers = {}): Promise<void> {
    const answer = await api.call('PUT', '/api/log', { family, logs }, { key: here.key, headers });
    if (answer.status !== 200) throw new Error(answer.text);
  }

  /** Requests large and small, some sent twice under one key. */
  async function load(api: TestApi, writer: number, signal: AbortSignal): Promise<void> {
    for (let turn = 0; !signal.aborted; turn++) {
      const logs = Array.from({ length: turn % 10 === 0 ? 200 : 3 }, () => ({ load: turn }));
      const headers = turn % 5 < 2 ? { 'idempotency-key': `${writer}-${Math.floor(turn / 5)}` } : {};
      await put(api, turn % 5 < 2 ? [{ load: writer }] : logs, headers);
    }
  }

  /** Cuts the connections over which processes hear of each other, now and then. */
  async function cutAgain(signal: AbortSignal): Promise<number> {
    for (let cut = 0; ; cut += await cutNews(here)) {
      await pause(1500, undefined, { signal }).catch(() => {});
      if (signal.aborted) return cut;
    }
  }
});
