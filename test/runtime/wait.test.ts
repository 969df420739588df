import { expect } from 'chai';
import type { RetryPolicy } from '../../core/language/plan.ts';
import { parseWait, waitBefore } from '../../core/runtime/wait.ts';

const NOW = Date.UTC(2026, 0, 1);

describe('A wait that a vendor asks for', () => {
  it('is read in every form it comes in', () => {
    expect(parseWait('2', NOW)).to.equal(2000);
    expect(parseWait(1.5, NOW)).to.equal(1500);
    expect(parseWait('PT1M', NOW)).to.equal(60_000);
    expect(parseWait('Thu, 01 Jan 2026 00:00:30 GMT', NOW)).to.equal(30_000);
    expect(parseWait('2026-01-01T00:01:00Z', NOW)).to.equal(60_000);
    expect(parseWait(String(NOW / 1000 + 10), NOW)).to.equal(10_000);
    expect(parseWait(NOW + 10_000, NOW)).to.equal(10_000);
  });

  it('is none where it lies in the past or says nothing', () => {
    expect(parseWait('Thu, 01 Jan 2015 00:00:30 GMT', NOW)).to.equal(0);
    expect(parseWait('soon', NOW)).to.equal(undefined);
    expect(parseWait(-5, NOW)).to.equal(undefined);
    expect(parseWait(null, NOW)).to.equal(undefined);
  });
});

describe('The wait before the next attempt', () => {
  const policy: RetryPolicy = {
    maxAttempts: 5,
    maxElapsed: 1e9,
    backoff: { type: 'constant', initial: 5000, factor: 1, max: 5000, jitter: 'none' },
    honor: ['retry-after', 'x-ratelimit-reset'],
  };
  const from = { now: NOW, random: () => 1, headers: {}, after: undefined, rateLimited: false };

  it('is the longest of backoff, the rule and Retry-After', () => {
    expect(waitBefore(policy, 1, from)).to.equal(5000);
    expect(waitBefore(policy, 1, { ...from, headers: { 'retry-after': '2' } })).to.equal(5000);
    expect(waitBefore(policy, 1, { ...from, headers: { 'retry-after': '20' } })).to.equal(20_000);
    expect(waitBefore(policy, 1, { ...from, after: 60_000, headers: { 'retry-after': '20' } })).to.equal(60_000);
  });

  it('heeds when a quota resets only where the quota is the reason', () => {
    const headers = { 'x-ratelimit-reset': String(NOW / 1000 + 3600) };
    expect(waitBefore(policy, 1, { ...from, headers })).to.equal(5000);
    expect(waitBefore(policy, 1, { ...from, headers, rateLimited: true })).to.equal(3_600_000);
  });

  it('is bounded, whatever unit a header is in', () => {
    const headers = { 'retry-after': '999999999' };
    expect(waitBefore(policy, 1, { ...from, headers })).to.equal(7 * 86_400_000);
  });
});
