import { expect } from 'chai';
import fc from 'fast-check';
import { columnOf, conditionFor, conditionOf } from '../../../../core/domains/logs/filter/condition.ts';
import { ID } from '../../../../core/domains/logs/filter/filter.ts';
import { fold } from '../../../../core/domains/logs/filter/fold.ts';
import { matches, type StoredEvent } from '../../../../core/domains/logs/filter/matches.ts';
import { parseFilter } from '../../../../core/domains/logs/filter/parse.ts';
import { selectFrom, TABLE } from '../../../../core/domains/logs/reading/select.ts';
import type { LogColumn, LogValue } from '../../../../core/kernel/logs.ts';
import { mysqlMissing } from '../../../support/mysql-servers.ts';
import { familyOn, type StoredFamily } from '../stored-family.ts';

const SOAK = process.env['SLUICE_SOAK'] === '1';
const SEED = Number(process.env['SLUICE_TEST_SEED'] ?? 20260305);

const COLUMNS: readonly LogColumn[] = [
  { name: 'at', type: 'timestamp' },
  { name: 'constructor', type: 'string' },
  { name: 'f', type: 'float' },
  { name: 'flag', type: 'bool' },
  { name: 'j', type: 'json' },
  { name: 'msg', type: 'string' },
  { name: 'n', type: 'int' },
];

const HARD = [
  '',
  'abc',
  'ABC',
  'abc ',
  'a_c',
  'a%c',
  'a\\c',
  "it's",
  'say "x"',
  '*',
  'a*',
  '(x)',
  'straße',
  'STRAẞE',
  'İI',
  'ΟΔΟΣ',
  'οδος',
  'ǅ',
  'Ꭰ',
  'ა',
  'Ა',
  '\u{10400}',
  '\u{10428}',
  '\uffff',
  '\u{1f600}',
  '-1',
  'OR',
];
const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...HARD) },
  fc.string({ unit: 'binary', maxLength: 6 }).filter((s) => !/\0|\p{Surrogate}/u.test(s)),
);
const int = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom<LogValue>(
    '9223372036854775807',
    '-9223372036854775808',
    '9007199254740993',
    9007199254740991,
  ),
);
const float = fc.oneof(
  fc.constantFrom(0, 0.1, -1.5, 1e300, 5e-324, 1.7976931348623157e308),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
);
const moment = fc.oneof(
  fc.constantFrom(
    '1000-01-01 00:00:00.000000',
    '9999-12-31 23:59:59.999999',
    '2026-01-01 00:00:00.000000',
    '2026-01-01 00:00:00.000001',
  ),
  fc
    .date({ min: new Date('2025-12-31'), max: new Date('2026-01-02'), noInvalidDate: true })
    .map((date) => `${date.toISOString().slice(0, -1).replace('T', ' ')}000`),
);
const json = fc.constantFrom('{"a":1}', '[]', 'null', '"Straße"', '{"b":[1,2]}', '{"é":"Ü"}');
const VALUES: Readonly<Record<LogColumn['type'], fc.Arbitrary<LogValue>>> = {
  string: text,
  int,
  float,
  timestamp: moment,
  json,
  bool: fc.boolean(),
};

const eventOf = fc.tuple(...COLUMNS.map(({ type }) => fc.option(VALUES[type], { freq: 4 })));
const EVENTS: readonly (readonly LogValue[])[] = fc.sample(eventOf, { seed: SEED, numRuns: 150 });
const RECEIVED = Date.parse('2026-01-01T00:00:00Z');

const quoted = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;

/** How a stored value is written in a filter. */
function operand({ type }: LogColumn, value: LogValue): string {
  if (type === 'timestamp') return `${String(value).replace(' ', 'T')}Z`;
  return type === 'string' || type === 'json' ? quoted(String(value)) : String(value);
}

const recased = (value: string): fc.Arbitrary<string> =>
  fc.constantFrom(value, value.toUpperCase(), value.toLowerCase());
const part = text.filter((value) => value !== '').chain(recased);
const word = fc
  .oneof(
    part,
    fc.tuple(part, fc.nat(3)).map(([value, from]) => Array.from(value).slice(from).join('')),
  )
  .filter((value) => value !== '')
  .map(quoted);
const test = fc.constantFrom(...COLUMNS).chain((column) => {
  const ordered = column.type !== 'bool' && column.type !== 'json';
  const op = fc.constantFrom(...(ordered ? ['', '', '>', '>=', '<', '<='] : ['']));
  return fc
    .tuple(op, VALUES[column.type])
    .map(([sign, value]) => `${column.name}:${sign}${operand(column, value)}`);
});
const special = fc.oneof(
  fc.constantFrom(...COLUMNS.map(({ name }) => `${name}:*`)),
  fc.tuple(fc.constantFrom('msg', 'constructor'), part).map(([name, value]) => `${name}:${quoted(value)}*`),
  fc.integer({ min: 0, max: EVENTS.length + 1 }).map((id) => `id:>=${id}`),
  fc.constantFrom('_time:>2026-01-01T00:00:00Z', '_time:2026-01-01T00:00:00Z', 'id:9223372036854775807'),
);
const filters = fc.letrec<{ all: string; one: string }>((tie) => ({
  one: fc.oneof(
    { depthSize: 'small' },
    word,
    test,
    special,
    tie('one').map((term) => `-${term}`),
    tie('all').map((inner) => `(${inner})`),
  ),
  all: fc
    .array(fc.tuple(tie('one'), fc.constantFrom(' ', ' ', ' AND ', ' OR ')), { minLength: 1, maxLength: 4 })
    .map((terms) => terms.map(([term, joint], i) => (i === terms.length - 1 ? term : term + joint)).join('')),
})).all;

describe('a filter', function () {
  this.timeout(600_000);
  const families: StoredFamily[] = [];
  const events: readonly StoredEvent[] = EVENTS.map((row, i) => ({
    ...Object.fromEntries(COLUMNS.map(({ name }, at) => [name, row[at] ?? null])),
    id: i + 1,
    _time: `2026-01-01 00:00:00.00${i % 2}000`,
  }));

  before(async function () {
    const kinds = ['postgres', ...(mysqlMissing() === undefined ? ['mysql'] : [])] as const;
    for (const kind of kinds) {
      const family = await familyOn(kind as 'mysql' | 'postgres', COLUMNS);
      families.push(family);
      for (const [i, row] of EVENTS.entries()) await family.append(i + 1, [row], RECEIVED + (i % 2));
    }
  });
  after(async () => {
    for (const family of families) await family.close();
  });

  async function found(
    { home }: StoredFamily,
    filter: ReturnType<typeof parseFilter>,
  ): Promise<readonly number[]> {
    const query = selectFrom(home.shape, {
      items: [columnOf(ID, TABLE)],
      where: [conditionOf(filter, TABLE)],
      order: [{ by: 'expression', expression: columnOf(ID, TABLE), descending: false }],
    });
    return (await home.ask(query, new AbortController().signal)).rows.map(([id]) => Number(id));
  }

  async function agree(q: string): Promise<number> {
    const filter = parseFilter(q, COLUMNS);
    const wanted = events.filter((event) => matches(filter, event)).map(({ id }) => Number(id));
    for (const family of families)
      expect(await found(family, filter), `${q} on ${family.shard.dialect}`).to.deep.equal(wanted);
    return wanted.length;
  }

  it(`says of an event what every store says (seed ${SEED})`, async () => {
    let some = 0;
    await fc.assert(
      fc.asyncProperty(filters, async (q) => {
        if (q.length > 4000) return;
        if ((await agree(q)) > 0) some += 1;
      }),
      { seed: SEED, numRuns: SOAK ? 10_000 : 250 },
    );
    expect(some, 'filters that find something').to.be.above(30);
  });

  it('knows the case of the same letters on every store', async () => {
    const capitals: string[] = [];
    for (let code = 0x41; code <= 0x1ffff; code++) {
      const letter = String.fromCodePoint(code);
      if (/\p{Changes_When_Lowercased}/u.test(letter)) capitals.push(letter);
    }
    const letters = SOAK ? capitals : fc.sample(fc.constantFrom(...capitals), { seed: SEED, numRuns: 60 });
    const firstId = EVENTS.length + 1;
    const rows = letters.map((letter) => COLUMNS.map(({ name }) => (name === 'msg' ? `<${letter}>` : null)));
    for (const family of families) await family.append(firstId, rows, RECEIVED);
    for (const [i, letter] of letters.entries()) {
      const filter = parseFilter(`id:>=${firstId} "<${fold(letter)}>"`, COLUMNS);
      for (const family of families) {
        expect(await found(family, filter), `${letter} on ${family.shard.dialect}`).to.include(firstId + i);
      }
    }
  });

  it('is a condition by itself as well, for one table', () => {
    const filter = parseFilter('n:>1 -msg:a* x', COLUMNS);
    const anywhere = '(((LOWER(`constructor`) LIKE ?) OR (LOWER(`j`) LIKE ?)) OR (LOWER(`msg`) LIKE ?))';
    expect(conditionFor('mysql', filter)).to.deep.equal({
      sql: `(((\`n\` > ?) AND ((\`msg\` LIKE ?) IS NOT TRUE)) AND ${anywhere})`,
      values: [1, 'a%', '%x%', '%x%', '%x%'],
    });
    expect(conditionFor('postgres', parseFilter('', COLUMNS))).to.deep.equal({ sql: 'TRUE', values: [] });
  });
});
