import { expect } from 'chai';
import { uuid7 } from '../../core/kernel/ids.ts';
import type { DatasetRef } from '../../core/kernel/stores/operational.ts';
import type { Export, NightsDue, WarehouseRecords } from '../../core/kernel/stores/warehouse-records.ts';
import { lockTables } from '../../db/datasets/lock.ts';
import { inTransaction } from '../../db/transaction.ts';
import { warehouseRecords } from '../../db/stores/warehouse-records.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/sluice-process.ts';

describe('The nights of a dataset', () => {
  let database: TestDatabase;
  let records: WarehouseRecords;
  let dataset: DatasetRef;
  before(async () => {
    database = await testDatabase();
    records = warehouseRecords(database.db.engine);
  });
  after(() => database.drop());
  beforeEach(() => turnOn('2026-03-01T12:00:00Z'));

  const sql = (text: string, values: unknown[]) => database.db.engine.query(text, values);
  async function turnOn(at: string): Promise<void> {
    dataset = { tenantId: uuid7(), id: 'shop' };
    await sql(`INSERT INTO tenants (id, name, data_key, master_key_id) VALUES ($1, 'Acme', '', '')`, [dataset.tenantId]);
    await sql('INSERT INTO datasets (tenant_id, id, created_at) VALUES ($1, $2, $3)', [dataset.tenantId, dataset.id, at]);
  }
  const load = (at: string, state = 'loaded') =>
    sql(
      `INSERT INTO dataset_loads (tenant_id, dataset, kind, source, object, etag, state, definition_hash, loaded_at)
       VALUES ($1, $2, 'file', 's', $3, '', $4, '', $5)`,
      [dataset.tenantId, dataset.id, uuid7(), state, at],
    );
  const open = (through: string, today: string, more: Partial<NightsDue> = {}) =>
    records.openExport(dataset, { through, today, timezone: 'UTC', catchUp: true, tables: ['orders', 'payments'], ...more }, uuid7());
  /** Exports all there is to export: the night, how many loads it takes, and whether it is closed. */
  const exportAll = async (...due: Parameters<typeof open>): Promise<string[]> => {
    const nights: string[] = [];
    for (let night: Export | undefined; (night = await open(...due)); ) {
      nights.push(`${night.night} ${night.loads}${night.closes ? ' closed' : ''}`);
      await records.commitExport(dataset, night.id, []);
    }
    return nights;
  };

  it('are closed one after the other from the day on which it was turned on, each with the loads of its day', async () => {
    await load('2026-03-01T13:00:00Z');
    await load('2026-03-03T00:00:00Z');
    await load('2026-03-03T23:59:59Z');
    await load('2026-03-03T10:00:00Z', 'refused');
    await load('2026-03-04T00:00:00Z');
    expect(await exportAll('2026-03-03', '2026-03-04')).to.deep.equal([
      '2026-03-01 1 closed',
      '2026-03-02 0 closed',
      '2026-03-03 2 closed',
    ]);
    expect(await exportAll('2026-03-03', '2026-03-04')).to.deep.equal([]);
    const { rows } = await sql('SELECT exported_through FROM datasets WHERE tenant_id = $1', [dataset.tenantId]);
    expect(rows).to.deep.equal([{ exported_through: '2026-03-03' }]);
  });

  it('are one where missed ones are not made up for: it takes what they would have', async () => {
    await load('2026-03-01T13:00:00Z');
    await load('2026-03-02T13:00:00Z');
    expect(await exportAll('2026-03-03', '2026-03-04', { catchUp: false })).to.deep.equal(['2026-03-03 2 closed']);
  });

  it('take a load that comes after they were closed into the next one', async () => {
    await exportAll('2026-03-02', '2026-03-03');
    await load('2026-03-02T23:00:00Z');
    expect(await exportAll('2026-03-03', '2026-03-04')).to.deep.equal(['2026-03-03 1 closed']);
  });

  it('have that of today, which is not closed: it takes what there is, as often as there is more', async () => {
    await load('2026-03-02T01:00:00Z');
    expect(await exportAll('2026-03-02', '2026-03-02')).to.deep.equal(['2026-03-01 0 closed', '2026-03-02 1']);
    expect(await exportAll('2026-03-09', '2026-03-02')).to.deep.equal([]);
    await load('2026-03-02T02:00:00Z');
    expect(await exportAll('2026-03-09', '2026-03-02')).to.deep.equal(['2026-03-02 1']);
    await load('2026-03-02T03:00:00Z');
    expect(await exportAll('2026-03-02', '2026-03-03')).to.deep.equal(['2026-03-02 1 closed']);
  });

  it('do not go back where a clock is set back', async () => {
    await load('2026-03-03T01:00:00Z');
    await exportAll('2026-03-03', '2026-03-03');
    await load('2026-03-03T02:00:00Z');
    expect(await exportAll('2026-03-02', '2026-03-02')).to.deep.equal(['2026-03-03 1']);
  });

  it('begin and end with the days of the time zone, also on those that are an hour shorter or longer', async () => {
    await turnOn('2026-03-28T12:00:00Z');
    // In Berlin the 29th of March has 23 hours and the 25th of October 25.
    const days = ['2026-03-28T23:00:00Z', '2026-03-29T21:59:59Z', '2026-03-29T22:00:00Z'];
    for (const at of days) await load(at);
    expect(await exportAll('2026-03-30', '2026-03-31', { timezone: 'Europe/Berlin' })).to.deep.equal([
      '2026-03-28 0 closed',
      '2026-03-29 2 closed',
      '2026-03-30 1 closed',
    ]);
    await turnOn('2026-10-25T06:00:00Z');
    for (const at of ['2026-10-24T22:00:00Z', '2026-10-25T22:59:59Z', '2026-10-25T23:00:00Z']) await load(at);
    expect(await exportAll('2026-10-26', '2026-10-27', { timezone: 'Europe/Berlin' })).to.deep.equal([
      '2026-10-25 2 closed',
      '2026-10-26 1 closed',
    ]);
  });

  it('are one open at a time, whose loads stay the same', async () => {
    await load('2026-03-01T13:00:00Z');
    const first = await open('2026-03-01', '2026-03-02');
    await load('2026-03-01T14:00:00Z');
    expect(await open('2026-03-05', '2026-03-06')).to.deep.equal(first);
    await records.commitExport(dataset, first!.id, [{ table: 'm', partition: '' }]);
    await records.commitExport(dataset, first!.id, [{ table: 'm', partition: '2026-03-01' }]);
    expect((await records.marks(dataset)).map(({ partition }) => partition)).to.deep.equal(['']);
    expect(await open('2026-03-02', '2026-03-03')).to.deep.include({ night: '2026-03-02', loads: 1 });
  });

  it('wait for a load that is being committed', async () => {
    const opening = await inTransaction(database.db.engine, 'BEGIN', async (client) => {
      await lockTables(client, dataset, ['orders']);
      const opened = open('2026-03-01', '2026-03-02');
      await client.query(
        `INSERT INTO dataset_loads (tenant_id, dataset, kind, source, object, etag, state, definition_hash, loaded_at)
         VALUES ($1, $2, 'file', 's', 'o', '', 'loaded', '', '2026-03-01T23:59:59Z')`,
        [dataset.tenantId, dataset.id],
      );
      return { opened };
    });
    expect(await opening.opened).to.deep.include({ night: '2026-03-01', loads: 1 });
  });

  it('hold up nobody who loads into another table while they wait', async () => {
    const waiting = `
      SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
      WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted`;
    const opening = await inTransaction(database.db.engine, 'BEGIN', async (client) => {
      await lockTables(client, dataset, ['payments']);
      const opened = open('2026-03-01', '2026-03-02');
      await eventually('it waits', async () => ((await sql(waiting, [])).rowCount ?? 0) > 0);
      await inTransaction(database.db.engine, 'BEGIN', (other) => lockTables(other, dataset, ['orders']));
      return { opened };
    });
    expect(await opening.opened).to.deep.include({ night: '2026-03-01', loads: 0 });
  });

  it('let go of exported messages after their time, and of what ended runs and exports have left', async () => {
    await load('2026-03-01T13:00:00Z');
    await sql(`UPDATE dataset_loads SET kind = 'message' WHERE tenant_id = $1`, [dataset.tenantId]);
    const night = await open('2026-03-01', '2026-03-02');
    await records.noteExported(dataset, night!.id, 't', { changes: { key: 'k', rows: 1 } });
    const far = new Date('2100-01-01');
    expect(await records.retire(dataset, far, 10)).to.equal(0);
    expect(await records.unnamed(dataset, ['k', 'x'], far)).to.deep.equal(['x']);
    await records.commitExport(dataset, night!.id, []);
    expect(await records.retire(dataset, new Date('2026-03-01'), 10)).to.equal(1);
    expect(await records.retire(dataset, far, 10)).to.equal(1);
    expect(await records.unnamed(dataset, ['k', 'x'], far)).to.deep.equal(['k', 'x']);
  });
});
