import { expect } from 'chai';
import { parseFilter } from '../../../../core/domains/logs/filter/parse.ts';
import { scan, type Scan, type ScanOrder } from '../../../../core/domains/logs/reading/scan.ts';
import type { LogColumn, LogValue } from '../../../../core/kernel/logs.ts';
import { mysqlMissing } from '../../../support/mysql-servers.ts';
import { familyOn, type StoredFamily } from '../stored-family.ts';

const COLUMNS: readonly LogColumn[] = [{ name: 'n', type: 'int' }];
const ANY = { from: undefined, to: undefined };
const START = Date.parse('2026-01-01T00:00:00Z');
const EVENTS = 200;

/** Ids do not follow the time of receipt: processes take theirs in blocks. Several events are of one moment. */
const idOf = (i: number): number => ((i * 77) % EVENTS) * 10 + 10;
const timeOf = (i: number): number => START + Math.floor(i / 7) * 1000 * (i > EVENTS / 2 ? 86_400 * 30 : 1);

for (const kind of ['postgres', 'mysql'] as const) {
  describe(`a scan of events on ${kind}`, () => {
    let family: StoredFamily;
    let written = 0;
    before(async function () {
      if (kind === 'mysql' && mysqlMissing() !== undefined) return this.skip();
      family = await familyOn(kind, COLUMNS);
      for (let i = 0; i < EVENTS; i++) await family.append(idOf(i), [[i]], timeOf(i));
    });
    after(() => family?.close());

    /** Writers that come before, between and behind what is read. Their ids are in the gaps. */
    const disturb = async (): Promise<void> => {
      for (const spread of [1, 67, 133]) {
        const id = idOf(written % EVENTS) + 1 + Math.floor(written / EVENTS);
        await family.append(id, [[-1]], timeOf((written * spread) % EVENTS) + (written % 3));
        written += 1;
      }
    };

    async function read(
      given: Omit<Scan, 'range' | 'size' | 'filter'> & { q: string; size?: number },
    ): Promise<readonly (readonly LogValue[])[]> {
      const { q, ...rest } = given;
      const rows: (readonly LogValue[])[] = [];
      const before = written;
      const chunks = scan(
        family.home,
        { size: 9, range: ANY, filter: parseFilter(q, COLUMNS), ...rest },
        new AbortController().signal,
      );
      for await (const chunk of chunks) {
        rows.push(...(chunk.rows as readonly (readonly LogValue[])[]));
        if (before + 60 > written) await disturb();
      }
      return rows;
    }

    for (const order of ['newest', 'oldest', 'id'] as const satisfies readonly ScanOrder[]) {
      for (const [q, width] of [
        ['', 0],
        ['n:>=0', 1],
        ['n:>=0', 90],
        ['n:>=150', 100_000],
      ] as const) {
        it(`by ${order} gives every event once, in order, while others write (${q || 'all'}, first width ${width})`, async () => {
          const rows = await read({ q, order, ...(width > 0 && { firstWidth: width }) });
          const ids = rows.map(([id]) => Number(id));
          expect(new Set(ids).size, 'no event twice').to.equal(ids.length);
          const least = q === 'n:>=150' ? 150 : 0;
          const wanted = Array.from({ length: EVENTS }, (_, i) => i).filter((i) => i >= least);
          const found = rows.map(([, , n]) => Number(n)).filter((n) => n >= 0);
          expect(found.toSorted((a, b) => a - b)).to.deep.equal(wanted);
          const keys = rows.map(
            ([id, time]) => (order === 'id' ? '' : String(time)) + String(id).padStart(9, '0'),
          );
          const sorted = keys.toSorted();
          expect(keys).to.deep.equal(order === 'newest' ? sorted.toReversed() : sorted);
        });
      }
    }

    it('takes what a chunk cannot hold in smaller ones', async () => {
      const home = await family.homeWithin({ ...family.home.limits, maxBytes: 60 });
      let count = 0;
      let largest = 0;
      for await (const { rows } of scan(
        home,
        { size: 50, range: ANY, filter: { node: 'all' }, order: 'id', highestId: 300 },
        new AbortController().signal,
      )) {
        count += rows.length;
        largest = Math.max(largest, rows.length);
      }
      expect(count).to.be.at.least(30);
      expect(largest).to.be.below(4);
    });

    it('stops at an id', async () => {
      const rows = await read({ q: '', order: 'oldest', highestId: 100 });
      expect(rows.every(([id]) => Number(id) <= 100)).to.equal(true);
      expect(rows.filter(([, , n]) => Number(n) >= 0)).to.have.length(10);
    });
  });
}
