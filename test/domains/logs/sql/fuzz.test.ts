import { expect } from 'chai';
import { SqlParser, type CompiledQuery } from '../../../../core/domains/logs/sql/sql-parser.ts';
import { SluiceError } from '../../../../core/kernel/errors.ts';
import { LogStoreError } from '../../../../core/kernel/logs.ts';
import { mysqlMissing } from '../../../support/mysql-servers.ts';
import { soak } from '../../../support/soak.ts';
import { checkEmitted } from './emitted.ts';
import { changesOf, type Guarded } from './guarded.ts';
import { guardedMysql } from './guarded-mysql.ts';
import { guardedPostgres } from './guarded-postgres.ts';
import { inFlight } from './in-flight.ts';
import { catalogOf, ONE_SHARD } from './sample.ts';
import { Soup } from './soup.ts';

const NOW = new Date('2026-03-04T05:06:07.890Z');
const SEED = Number(process.env['SLUICE_TEST_SEED'] ?? 20260304);
const QUERIES = soak(20_000, 100_000);
/** Between two looks at all that must stay as it is. */
const CHUNK = 5000;
const LIMITS = { timeoutMs: 10_000, maxRows: 5000, maxBytes: 1 << 22 };

describe('whatever is accepted of a soup of tokens', function () {
  this.timeout(3_600_000);
  const parser = new SqlParser({ timeoutMs: 5000 });
  let servers: readonly Guarded[] = [];

  before(async () => {
    servers = await Promise.all([...(mysqlMissing() ? [] : [guardedMysql(ONE_SHARD)]), guardedPostgres(ONE_SHARD)]);
  });
  after(async () => {
    await parser.close();
    for (const server of servers) await server.close();
  });

  // They were an INTERNAL error of ours.
  it('is told from a defect where the rows have no answer to it', async () => {
    for (const text of ['SELECT 9223372036854775807 + a FROM t WHERE a > 0', 'SELECT 1e308 * f * 1e10 FROM t', 'SELECT (SELECT a FROM t)']) {
      const query = await compile(text);
      for (const server of servers) expect(await run(server, query!, text), text).to.equal('uncomputable');
    }
  });

  it(`reads the tenant's families and changes nothing, on both kinds of store (seed ${SEED}, ${QUERIES} queries)`, async function () {
    const soup = new Soup(SEED);
    const outcomes = new Map<string, number>();
    const count = (outcome: string): void => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    const before = await Promise.all(servers.map((server) => server.snapshot()));
    for (let done = 0; done < QUERIES; done += CHUNK) {
      await inFlight(Math.min(CHUNK, QUERIES - done), 6, () => soup.next(), async (text) => {
        const query = await compile(text);
        count(query ? 'accepted' : 'refused');
        if (!query) return;
        for (const outcome of await Promise.all(servers.map((server) => run(server, query, text)))) count(outcome);
      });
      const changes = await Promise.all(servers.map(async (server, index) => changesOf(before[index]!, await server.snapshot())));
      expect(changes.flat(), `by one of the ${CHUNK} queries from ${done} on`).to.deep.equal([]);
    }
    for (const server of servers) {
      const wanted = ONE_SHARD.map(({ name }) => `${server.home}.${name}`);
      expect([...(await server.readTables())].sort(), server.dialect).to.deep.equal(wanted.sort());
    }
    expect(soup.missing, 'reserved words that no query held').to.deep.equal([]);
    expect(outcomes.get('accepted'), JSON.stringify([...outcomes])).to.be.above(QUERIES / 8);
    // Most of them have an answer, or the rest would prove little.
    expect(outcomes.get('answered')! / servers.length).to.be.above(outcomes.get('accepted')! * 0.9);
    this.test!.title += `: ${[...outcomes].map(([outcome, times]) => `${times} ${outcome}`).join(', ')}`;
  });

  async function compile(text: string): Promise<CompiledQuery | undefined> {
    try {
      return await parser.compile(text, catalogOf(ONE_SHARD), NOW);
    } catch (error) {
      if (error instanceof SluiceError && error.status < 500) return undefined;
      throw new Error(`Not refused, but failed: ${JSON.stringify(text)}`, { cause: error });
    }
  }

  /** What became of it on a server; throws for what must not be. */
  async function run(server: Guarded, query: CompiledQuery, text: string): Promise<string> {
    const about = `${server.dialect}: ${JSON.stringify(text)}`;
    try {
      const statement = query.statementFor(server.dialect, server.home);
      checkEmitted(statement.sql, server.quote, server.home, ONE_SHARD);
      const { rows } = await server.shard.query(server.tenant, statement, LIMITS);
      const answer = JSON.stringify(rows);
      const canary = server.canaries.find((candidate) => answer.includes(candidate));
      if (canary !== undefined) throw new Error(`The answer holds ${canary}.`);
      return 'answered';
    } catch (error) {
      if (error instanceof LogStoreError && ['uncomputable', 'too_large'].includes(error.fault)) return error.fault;
      if (error instanceof SluiceError && /holds no texts with a NUL/.test(error.message)) return 'NUL';
      throw new Error(`${about}\n${String(error)}`, { cause: error });
    }
  }
});
