import { expect } from 'chai';
import type { Pool } from 'pg';
import { Timetable } from '../../core/jobs/timetable.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/sluice-process.ts';

describe('The timetable', () => {
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.drop());

  /** The pool, but for statements that give a lock back: their connection is cut. */
  const cutAtUnlocks = (): Pool =>
    new Proxy(database.db.engine, {
      get(pool, name) {
        const value: unknown = Reflect.get(pool, name);
        if (typeof value !== 'function') return value;
        const method = value.bind(pool) as (...args: unknown[]) => unknown;
        if (name !== 'query') return method;
        return (...args: unknown[]) =>
          /SET locked_at = NULL/.test(String(args[0])) ? Promise.reject(new Error('Connection terminated unexpectedly')) : method(...args);
      },
    });

  it('goes on, and says so, where a lock cannot be given back', async function () {
    this.timeout(20_000);
    const warned: string[] = [];
    const warn = (fields: object, message: string): void => void warned.push(`${JSON.stringify(fields)} ${message}`);
    const jobs = [{ name: 'later', every: '1 hour', run: async () => {} }];
    const timetable = new Timetable(cutAtUnlocks(), jobs, { warn, error: warn });
    await timetable.start();
    try {
      // Whoever held it is gone. It is locked anew, found not to be due for long, and given back.
      await database.db.engine.query("UPDATE agenda_jobs SET locked_at = now() - interval '1 day'");
      const lost = await eventually('it says so', async () => warned.find((text) => text.includes('could not be given back')));
      expect(lost).to.equal('{"job":"later","error":"Connection terminated unexpectedly"} A lock could not be given back.');
    } finally {
      await timetable.stop(1000);
    }
  });
});
