import { expect } from 'chai';
import { analytics, type Analytics, type Chart } from '../../../../core/domains/logs/reading/analytics.ts';
import { VirtualClock } from '../../../../core/kernel/clock.ts';
import { SluiceError } from '../../../../core/kernel/errors.ts';
import type { LogColumn, LogValue } from '../../../../core/kernel/logs.ts';
import { mysqlMissing } from '../../../support/mysql-servers.ts';
import { rejection } from '../../../support/rejection.ts';
import { familyOn, type StoredFamily } from '../stored-family.ts';

const COLUMNS: readonly LogColumn[] = [
  { name: 'at', type: 'timestamp' },
  { name: 'flag', type: 'bool' },
  { name: 'level', type: 'string' },
  { name: 'ms', type: 'int' },
  { name: 'share', type: 'float' },
];

const EVENTS: readonly (readonly LogValue[])[] = [
  ['2026-01-01 00:00:00.000000', true, 'info', 10, 0.5],
  ['2026-01-01 00:59:59.999999', false, 'info', 20, 0.25],
  ['2026-01-01 03:00:00.000000', true, 'error', 5, null],
  ['2026-01-01 03:00:00.000001', null, null, 7, 1],
  ['2026-01-01 04:30:00.000000', true, 'warn', null, 2],
  ['2026-01-05 00:00:00.000000', true, 'info', 1, 4],
  ['1969-12-31 23:59:59.999999', true, 'old', 1, null],
  ['1000-01-01 00:00:00.000000', true, 'older', 2, null],
  ['9999-12-31 23:59:59.999999', true, 'last', '9223372036854775807', null],
  [null, true, 'info', 3, 8],
];
const RECEIVED = Date.parse('2026-01-31T12:34:56.789Z');
const DAY = { from: '2026-01-01T00:00:00Z', to: '2026-01-01T06:00:00Z', timeField: 'at' };

for (const kind of ['postgres', 'mysql'] as const) {
  describe(`analytics on ${kind}`, () => {
    let family: StoredFamily;
    before(async function () {
      if (kind === 'mysql' && mysqlMissing() !== undefined) return this.skip();
      family = await familyOn(kind, COLUMNS);
      await family.append(1, EVENTS, RECEIVED);
    });
    after(() => family?.close());

    const clock = new VirtualClock(RECEIVED + 3_600_000);
    const chart = (asked: Analytics): Promise<Chart> =>
      analytics(family.home, clock, asked, new AbortController().signal);
    const series = async (asked: Analytics): Promise<unknown> => (await chart(asked)).series;

    it('count all where nothing else is asked', async () => {
      expect(await chart({})).to.deep.equal({
        agg: 'count',
        interval: null,
        timeField: '_time',
        groupBy: null,
        times: null,
        series: [{ value: 10 }],
      });
      expect(await series({ q: 'level:nothing' })).to.deep.equal([{ value: 0 }]);
    });

    it('count by interval, those without events too', async () => {
      const { times, series: lines, interval } = await chart({ ...DAY, interval: 'PT60M' });
      expect(interval).to.equal('PT1H');
      expect(times).to.deep.equal([0, 1, 2, 3, 4, 5].map((hour) => `2026-01-01T0${hour}:00:00Z`));
      expect(lines).to.deep.equal([{ value: 5, values: [2, 0, 0, 2, 1, 0] }]);
    });

    it('begin days at midnight and weeks on Monday, before 1970 too', async () => {
      const days = await chart({
        interval: 'P1D',
        timeField: 'at',
        from: '1969-12-30T12:00:00Z',
        to: '1970-01-01T00:00:00.000001Z',
      });
      expect(days.times).to.deep.equal([
        '1969-12-30T00:00:00Z',
        '1969-12-31T00:00:00Z',
        '1970-01-01T00:00:00Z',
      ]);
      expect(days.series).to.deep.equal([{ value: 1, values: [0, 1, 0] }]);
      const weeks = await chart({
        interval: 'P1W',
        timeField: 'at',
        q: 'at:>2000-01-01T00:00:00Z at:<3000-01-01T00:00:00Z',
      });
      expect(weeks.times).to.deep.equal(['2025-12-29T00:00:00Z', '2026-01-05T00:00:00Z']);
      expect(weeks.series).to.deep.equal([{ value: 6, values: [5, 1] }]);
      for (const [moment, first] of [
        ['1000-01-01T00:00:00Z', '0999-12-30T00:00:00Z'],
        ['9999-12-31T23:59:59.999999Z', '9999-12-27T00:00:00Z'],
      ] as const) {
        expect((await chart({ interval: 'P1W', timeField: 'at', q: `at:${moment}` })).times).to.deep.equal([
          first,
        ]);
      }
    });

    it('go up to now for receipts, from where they are asked for', async () => {
      const { times, series: lines } = await chart({ interval: 'PT1H', from: '2026-01-31T11:00:00Z' });
      expect(times).to.deep.equal([11, 12, 13].map((hour) => `2026-01-31T${hour}:00:00Z`));
      expect(lines).to.deep.equal([{ value: 10, values: [0, 10, 0] }]);
      expect((await chart({ interval: 'PT1H' })).times).to.deep.equal(['2026-01-31T12:00:00Z']);
      expect(await chart({ interval: 'PT1H', q: 'level:nothing' })).to.deep.include({
        times: [],
        series: [{ value: 0, values: [] }],
      });
    });

    it('show the top groups, and all others as one', async () => {
      expect(await series({ groupBy: 'level', top: 2 })).to.deep.equal([
        { key: 'info', value: 4 },
        { key: null, value: 1 },
        { other: true, value: 5 },
      ]);
      const { times, series: lines } = await chart({ ...DAY, interval: 'PT3H', groupBy: 'level', top: 1 });
      expect(times).to.have.length(2);
      expect(lines).to.deep.equal([
        { key: 'info', value: 2, values: [2, 0] },
        { other: true, value: 3, values: [0, 3] },
      ]);
      expect(await series({ groupBy: 'level', q: 'level:nothing' })).to.deep.equal([]);
    });

    it('group by fields of every type', async () => {
      expect(await series({ ...DAY, groupBy: 'flag' })).to.deep.equal([
        { key: true, value: 3 },
        { key: null, value: 1 },
        { key: false, value: 1 },
      ]);
      expect(await series({ groupBy: 'ms', top: 1, agg: 'max:ms' })).to.deep.equal([
        { key: '9223372036854775807', value: '9223372036854775807' },
        { other: true, value: 20 },
      ]);
      expect(await series({ groupBy: 'share', top: 1, q: 'share:0.25' })).to.deep.equal([
        { key: 0.25, value: 1 },
      ]);
      expect(await series({ groupBy: 'at', q: 'level:warn' })).to.deep.equal([
        { key: '2026-01-01T04:30:00.000000Z', value: 1 },
      ]);
      expect(await series({ groupBy: 'id', q: 'id:3' })).to.deep.equal([{ key: 3, value: 1 }]);
    });

    it('sum up, average and compare fields; an interval without values is null', async () => {
      const of = (agg: string): Promise<unknown> => series({ ...DAY, interval: 'PT3H', agg });
      expect(await of('sum:ms')).to.deep.equal([{ value: 42, values: [30, 12] }]);
      expect(await of('avg:ms')).to.deep.equal([{ value: 10.5, values: [15, 6] }]);
      expect(await of('min:share')).to.deep.equal([{ value: 0.25, values: [0.25, 1] }]);
      expect(await of('max:at')).to.deep.equal([
        {
          value: '2026-01-01T04:30:00.000000Z',
          values: ['2026-01-01T00:59:59.999999Z', '2026-01-01T04:30:00.000000Z'],
        },
      ]);
      expect(await series({ ...DAY, interval: 'PT1H', agg: 'sum:ms' })).to.deep.equal([
        { value: 42, values: [30, null, null, 12, null, null] },
      ]);
      expect(await series({ q: 'level:last', agg: 'sum:ms' })).to.deep.equal([
        { value: '9223372036854775807' },
      ]);
    });

    const refusals: readonly (readonly [Analytics, string, RegExp])[] = [
      [{ interval: 'P1M' }, 'interval', /"P1M" is no interval: durations of ISO 8601 of whole seconds/],
      [{ interval: 'hour' }, 'interval', /"hour" is no interval/],
      [{ interval: 'PT0S' }, 'interval', /no interval/],
      [{ interval: 'PT0.5S' }, 'interval', /no interval/],
      [
        { interval: 'PT1S', from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' },
        'interval',
        /These would be 86400 intervals of PT1S; 2000 are the most/,
      ],
      [{ interval: 'PT1H', timeField: 'at' }, 'interval', /2000 are the most/],
      [
        { groupBy: 'levl' },
        'groupBy',
        /"levl" is no field of this family; there are id, _time, at, .* Did you mean "level"\?/,
      ],
      [{ agg: 'median:ms' }, 'agg', /"median:ms" is not accepted: count, or sum, avg, min or max of a field/],
      [{ agg: 'count:ms' }, 'agg', /is not accepted/],
      [{ agg: 'sum' }, 'agg', /is not accepted/],
      [
        { agg: 'sum:level' },
        'agg',
        /sum takes a field of the type int or float; level is of the type string/,
      ],
      [{ agg: 'sum:sm' }, 'agg', /"sm" is no field/],
      [
        { timeField: 'level' },
        'timeField',
        /level is of the type string; of the type timestamp there are _time, at/,
      ],
      [{ from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }, 'from', /is after "to"/],
    ];
    for (const [asked, key, message] of refusals) {
      it(`refuse ${JSON.stringify(asked)}`, async () => {
        const error = await rejection(chart(asked));
        expect(error).to.be.instanceOf(SluiceError);
        const { errors } = error as SluiceError;
        expect(errors[0]!.path).to.equal(`/query/${key}`);
        expect(errors[0]!.message).to.match(message);
      });
    }
  });
}
