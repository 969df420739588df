import { expect } from 'chai';
import fc from 'fast-check';
import { readCondition, readSql } from '../../core/language/sql/read-sql.ts';

const TABLES = new Map([
  ['orders', ['id', 'at', 'total']],
  ['lines', ['id', 'order_id', 'revenue']],
  ['open', undefined],
]);

/** `line:column message` of each fault. */
function faults(sql: string): string[] {
  return readSql(sql, { tables: TABLES }).faults.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

const columns = (sql: string) => readSql(sql, { tables: TABLES }).columns;

describe('the SQL of models', () => {
  const ACCEPTED: Readonly<Record<string, readonly string[]>> = {
    'select * from orders': ['id', 'at', 'total'],
    'select o.*, l.revenue from orders as o join lines as l on l.order_id = o.id': ['id', 'at', 'total', 'revenue'],
    'select * from orders join lines using (id)': ['id', 'at', 'total', 'order_id', 'revenue'],
    'select id from (orders cross join (select 1 as one) as x)': ['id'],
    'select ID, "At" as "Day" from ORDERS': ['id', 'day'],
    'select k from orders as o(k)': ['k'],
    'with a as (select id as k from orders), b(n) as (select count(*) from a) select k, n from a, b': ['k', 'n'],
    'select id from orders union all (select order_id from lines except select id from lines)': ['id'],
    'select o.id from orders as o full join lines as l on l.id = o.id where exists (select 1 from lines as m where m.order_id = o.id)':
      ['id'],
    'select (select max(revenue) from lines where order_id = orders.id) as best from orders where id in (select order_id from lines)':
      ['best'],
    'select sum(total) filter (where total > 1) as a, count(distinct id) as b from orders group by at having count(*) > 1':
      ['a', 'b'],
    'select lag(total) over (partition by id order by at desc nulls last) as a, sum(total) over (order by at rows between 1 preceding and current row) as b from orders':
      ['a', 'b'],
    "select case when total > 1.50 then 'x' else null end as a, cast(at as date) as b, extract(year from at) as c, at + interval '7' day as d from orders":
      ['a', 'b', 'c', 'd'],
    "select date '2026-01-01' as a, substring(id from 1 for 2) || trim(id) as b, position('a' in id) as c, -total % 2 as d from orders":
      ['a', 'b', 'c', 'd'],
    "select id is distinct from at as a, id not in ('x') as b, total between 1 and 2 as c, id like 'x%' escape '!' as d from orders":
      ['a', 'b', 'c', 'd'],
    'select at as day, count(*) as n from orders group by day': ['day', 'n'],
    'select distinct id -- a comment; with a semicolon\n/* and / another */ from orders;': ['id'],
    'select anything from open': ['anything'],
  };
  for (const [sql, gives] of Object.entries(ACCEPTED)) {
    it(`takes ${sql}`, () => {
      expect(faults(sql)).to.deep.equal([]);
      expect(columns(sql)).to.deep.equal(gives);
    });
  }

  const REFUSED: Readonly<Record<string, RegExp>> = {
    '': /^1:1 The file is empty/,
    '-- nothing': /^1:1 There is no statement here/,
    "copy orders to 'x'": /^1:1 COPY is not accepted: a model only reads/,
    "-- first\nattach 'x'": /^1:1 ATTACH is not accepted/,
    'pragma threads': /PRAGMA is not accepted/,
    'set threads = 1': /SET is not accepted/,
    'insert into orders select 1': /INSERT is not accepted/,
    'create table x as select 1 as a': /CREATE is not accepted/,
    'explain select 1 as a': /EXPLAIN is not accepted/,
    'select id from orders; select id from orders': /2 statements/,
    "select * from read_csv('x')": /^1:15 The function read_csv is not accepted in FROM/,
    "select * from 'orders.parquet'": /There is no table "orders.parquet"/,
    'select * from "x.csv"': /There is no table "x.csv"/,
    'select * from information_schema.tables': /named by one word/,
    "select getenv('HOME') as a": /The function getenv is not accepted/,
    'select *\nfrom ordres': /^2:6 There is no table "ordres" here; .* Did you mean "orders"\?/,
    'select revenue from orders': /^1:8 There is no column "revenue" here; there are: id, at, total/,
    'select l.total from orders as o, lines as l': /^1:8 "l" has no column "total"/,
    'select orders.id from orders as o': /"orders" is no table of this query; it has: o/,
    'select x.* from orders': /"x" is no table of this query/,
    'select total\n  / 2 as half from orders': /^2:3 \/ gives an inexact number/,
    'select total // 2 as half from orders': /^1:14 \/\/ is not SQL of other warehouses/,
    'select avg(total) as a from orders': /avg is not accepted: it gives an inexact number even of integers/,
    'select round(avg(total) over (), 2) as a from orders': /avg is not accepted/,
    'select ceil(total) as a from orders': /ceil is not accepted: it gives an inexact number/,
    'select cast(total as double) as a from orders': /double is inexact/,
    'select cast(total as real) as a from orders': /real is inexact/,
    'select cast(total as decimal) as a from orders': /A decimal says its digits/,
    'select cast(total as hugeint) as a from orders': /The type hugeint is not accepted/,
    'select cast(at as timestamptz) as a from orders': /timestamps here are UTC/,
    'select 1e2 as a': /1e2 is an inexact number/,
    'select 1234567890123456789012345678901234567890 as a': /more than 38 digits/,
    'select total::bigint as a from orders': /write cast\(x as type\)/,
    'select try_cast(id as bigint) as a from orders': /a value that does not fit must fail/,
    'select extract(epoch from at) as a from orders': /epoch is not accepted here/,
    'select now() as a': /another value each time/,
    'select current_date as a': /another value each time/,
    'select random() as a': /another value each time/,
    'select id from orders order by id': /ORDER BY is not accepted/,
    'select id from orders limit 1': /LIMIT is not accepted/,
    'select id from orders qualify row_number() over (order by id) = 1': /QUALIFY is not accepted/,
    'select distinct on (id) id from orders': /DISTINCT ON/,
    'select count(*) as n from orders group by all': /GROUP BY ALL/,
    'select count(*) as n from orders group by grouping sets ((id))': /GROUPING SETS is not accepted/,
    'select id from orders natural join lines': /NATURAL joins by whatever names are alike/,
    'select o.id from orders as o join lines': /needs ON or USING/,
    'select o.id from orders as o semi join lines as l on l.id = o.id': /Semi/,
    'from orders': /FROM without SELECT/,
    'values (1)': /VALUES is not accepted/,
    'with recursive a as (select 1 as n) select n from a': /WITH RECURSIVE/,
    'with a as (select 1 as n), a as (select 2 as n) select n from a': /in this WITH twice/,
    'select id from (select id from orders)': /needs a name/,
    'select total + 1 from orders': /This column needs a name/,
    'select id, at as id from orders': /two columns of the name "id"/,
    'select id from orders union select id, at from orders': /UNION give 1 and 2 columns/,
    'select * exclude (id) from orders': /EXCLUDE is not accepted/,
    'select [1, 2] as a': /a list is not accepted/,
    "select {'a': 1} as a": /a struct is not accepted/,
    'select id -> 1 as a from orders': /is not accepted/,
    "select id from orders where id ~ 'x'": /The operator .* is not accepted/,
    'select id from orders where id = $1': /A literal of this form is not accepted/,
    'select id from orders where id = ?': /A literal of this form is not accepted/,
    'select id from orders tablesample 10': /./,
    'select id from orders for update': /FOR UPDATE is not accepted/,
    'select id into x from orders': /INTO is not accepted/,
    "select 'a\nb from orders": /^1:8 This cannot be read as SQL: unterminated string literal\.$/,
    'select "id from orders': /This cannot be read as SQL: expected close delimiter/,
    'select 1 as a /* and': /unexpected EOF while in a multi-line comment/,
    'select id from orders where': /This cannot be read as SQL/,
    'select id,\n, at from orders': /^2:\d+ This cannot be read as SQL/,
  };
  for (const [sql, said] of Object.entries(REFUSED)) {
    it(`refuses ${sql || 'nothing'}`, () => {
      expect(faults(sql)[0]).to.match(said);
    });
  }

  it('are refused where they are too much for the parser, which goes on', () => {
    expect(faults(`select ${'1+'.repeat(5000)}1 as a`)).to.deep.equal([
      '1:1 This is too complex to be read: nest it less, or make two models of it.',
    ]);
    expect(faults(`select ${'('.repeat(5000)}1`)).to.have.length(1);
    expect(faults(`select '${'x'.repeat(70_000)}' as a`)[0]).to.contain('at most 65536 characters');
    expect(faults('select id from orders')).to.deep.equal([]);
  });

  it('never throw, whatever is left of them', () => {
    const words = Object.keys(ACCEPTED).flatMap((sql) => sql.split(' '));
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words, '(', ')', ',', ';', "'", '"'), { maxLength: 25 }), (parts) => {
        const report = readSql(`select ${parts.join(' ')}`, { tables: TABLES });
        expect(report.faults.every(({ line, column }) => line >= 1 && column >= 1)).to.equal(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a condition in SQL', () => {
  const said = (text: string) =>
    readCondition(text, ['revenue', 'is_latest']).map(({ column, message }) => `${column} ${message}`);

  it('is over the columns of its model', () => {
    for (const text of ['is_latest', 'is_latest and revenue > 1 or not (revenue is null)', 'revenue in (1, 2)'])
      expect(said(text), text).to.deep.equal([]);
    expect(said('is_latest and revenu > 1')).to.deep.equal([
      '15 There is no column "revenu" here; there are: revenue, is_latest. Did you mean "revenue"?',
    ]);
    expect(said('revenue / 2 > 1')).to.have.length(1);
  });

  it('is one condition and nothing besides', () => {
    for (const text of [
      'is_latest) or (true',
      '1=1) group by (revenue',
      'true -- all',
      'true /* all */',
      'true; select 1',
      ') select (',
      'revenue =',
      '',
      'revenue > (select max(x) from y)',
    ]) {
      expect(said(text), text).to.not.deep.equal([]);
    }
  });
});
