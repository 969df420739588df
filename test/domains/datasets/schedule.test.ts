import { expect } from 'chai';
import { nightDue } from '../../../core/domains/datasets/schedule.ts';

describe('the night of a dataset that is due', () => {
  const schedule = { cron: '0 2 * * *', lagDays: 1, catchUp: true };
  const due = (now: string, exportedThrough: string | undefined, more: { timezone?: string; lagDays?: number } = {}) =>
    nightDue(
      { schedule: { ...schedule, lagDays: more.lagDays ?? 1 }, timezone: more.timezone ?? 'UTC' },
      { exportedThrough, createdAt: new Date('2026-03-10T09:00:00Z') },
      Date.parse(now),
    );

  it('is the day before, once its hour has come', () => {
    expect(due('2026-03-15T01:59:59Z', '2026-03-13')).to.equal(undefined);
    expect(due('2026-03-15T02:00:01Z', '2026-03-13')).to.equal('2026-03-14');
    expect(due('2026-03-15T02:00:00Z', '2026-03-13')).to.equal('2026-03-14');
    expect(due('2026-03-15T02:00:01Z', '2026-03-14')).to.equal(undefined);
    expect(due('2026-03-15T23:59:59Z', '2026-03-13')).to.equal('2026-03-14');
  });

  it('is the latest one however many were missed, at whatever hour somebody looks again', () => {
    expect(due('2026-03-20T17:30:00Z', '2026-03-11')).to.equal('2026-03-19');
    expect(due('2026-03-20T00:30:00Z', '2026-03-11')).to.equal('2026-03-18');
  });

  it('is none before the day on which the dataset was turned on', () => {
    expect(due('2026-03-10T12:00:00Z', undefined)).to.equal(undefined);
    expect(due('2026-03-11T01:00:00Z', undefined)).to.equal(undefined);
    expect(due('2026-03-11T02:00:01Z', undefined)).to.equal('2026-03-10');
  });

  it('goes by the clocks and the calendar of the time zone, in summer and in winter', () => {
    const timezone = 'Europe/Berlin';
    expect(due('2026-03-28T00:59:59Z', '2026-03-26', { timezone })).to.equal(undefined);
    expect(due('2026-03-28T01:00:01Z', '2026-03-26', { timezone })).to.equal('2026-03-27');
    expect(due('2026-07-01T00:00:01Z', '2026-06-29', { timezone })).to.equal('2026-06-30');
    expect(due('2026-06-30T23:30:00Z', '2026-06-29', { timezone })).to.equal(undefined);
    // The clocks go from 02:00 to 03:00 on this day.
    expect(due('2026-03-29T01:00:01Z', '2026-03-27', { timezone })).to.equal('2026-03-28');
  });

  it('lags as many days as the schedule says, and none', () => {
    expect(due('2026-03-20T03:00:00Z', '2026-03-16', { lagDays: 3 })).to.equal('2026-03-17');
    expect(due('2026-03-20T03:00:00Z', '2026-03-19', { lagDays: 0 })).to.equal('2026-03-20');
    expect(nightDue({ timezone: 'UTC' }, { exportedThrough: undefined, createdAt: new Date(0) }, Date.now())).to.equal(undefined);
  });
});
