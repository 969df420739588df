import { expect } from 'chai';
import fc from 'fast-check';
import { backoffDelay, DEFAULT_BACKOFF } from '../../core/kernel/backoff.ts';
import { VirtualClock } from '../../core/kernel/clock.ts';
import { formatDuration, parseDuration } from '../../core/kernel/duration.ts';

describe('Durations', () => {
  it('are read as ISO 8601 says, in milliseconds', () => {
    const cases = { PT2S: 2000, PT1M30S: 90_000, P1DT2H: 93_600_000, P2W: 1_209_600_000, 'PT0.5S': 500, PT0S: 0 };
    for (const [text, ms] of Object.entries(cases)) expect(parseDuration(text), text).to.equal(ms);
  });

  it('of years, months or nothing are none', () => {
    for (const text of ['P', 'PT', 'P1Y', 'P1M', '5s', 'PT5', '', 'PT1S ', '-PT1S', 'P1DT']) {
      expect(parseDuration(text), text).to.equal(undefined);
    }
  });

  it('come back from their text as they were', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e12 }), (ms) => parseDuration(formatDuration(ms)) === ms));
  });
});

describe('Backoff', () => {
  it('grows as its type says, up to its bound', () => {
    const delays = (type: 'constant' | 'linear' | 'exponential') =>
      [1, 2, 3, 9].map((attempt) => backoffDelay({ type, initial: 100, factor: 2, max: 1000, jitter: 'none' }, attempt, () => 1));
    expect(delays('constant')).to.deep.equal([100, 100, 100, 100]);
    expect(delays('linear')).to.deep.equal([100, 200, 300, 900]);
    expect(delays('exponential')).to.deep.equal([100, 200, 400, 1000]);
  });

  it('with full jitter stays between nothing and the bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const delay = backoffDelay(DEFAULT_BACKOFF, attempt, () => random);
        return delay >= 0 && delay <= DEFAULT_BACKOFF.max;
      }),
    );
  });
});

describe('The virtual clock', () => {
  it('fires timers in the order of their due times, and not the cancelled ones', () => {
    const clock = new VirtualClock(1000);
    const fired: string[] = [];
    clock.after(20, () => fired.push(`late at ${clock.now()}`));
    clock.after(10, () => fired.push(`early at ${clock.now()}`));
    clock.after(15, () => fired.push('cancelled'))();
    clock.advance(5);
    expect(fired).to.deep.equal([]);
    clock.advance(100);
    expect(fired).to.deep.equal(['early at 1010', 'late at 1020']);
    expect(clock.now()).to.equal(1105);
  });
});
