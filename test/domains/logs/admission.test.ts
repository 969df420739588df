import { expect } from 'chai';
import { Admission } from '../../../core/domains/logs/admission.ts';
import { SluiceError } from '../../../core/kernel/errors.ts';

const limits = { tenantRequests: 2, tenantBytes: 100, requests: 3, bytes: 150 };

function refusal(work: () => unknown): SluiceError {
  try {
    work();
  } catch (error) {
    if (error instanceof SluiceError) return error;
  }
  throw new Error('It was admitted.');
}

describe('the admission of events', () => {
  it('tells one tenant beyond its share 429, and lets others in', () => {
    const admission = new Admission(limits);
    admission.admit('a');
    admission.admit('a');
    expect(refusal(() => admission.admit('a'))).to.include({ code: 'RATE_LIMITED', retryAfter: 1 });
    admission.admit('b');
  });

  it('tells everybody 503 once the process is full', () => {
    const admission = new Admission(limits);
    for (const tenant of ['a', 'b', 'c']) admission.admit(tenant);
    expect(refusal(() => admission.admit('d'))).to.include({ code: 'UNAVAILABLE', retryAfter: 1 });
  });

  it('counts bytes as they turn out, and what was released no more', () => {
    const admission = new Admission(limits);
    const first = admission.admit('a');
    first.hold(80);
    const second = admission.admit('a');
    expect(refusal(() => second.hold(30)).code).to.equal('RATE_LIMITED');
    first.release();
    first.release();
    second.hold(30);
    expect(refusal(() => admission.admit('b').hold(130)).code).to.equal('RATE_LIMITED');
    admission.admit('b').hold(100);
    expect(refusal(() => admission.admit('c').hold(30)).code).to.equal('UNAVAILABLE');
  });
});
