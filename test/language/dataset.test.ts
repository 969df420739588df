import { expect } from 'chai';
import { Registry } from '../../core/kernel/registry.ts';
import { compileDefinition } from '../../core/language/compile.ts';
import { ABSENT, type Plan } from '../../core/language/plan.ts';
import type { WebhookRequest, WebhookSource } from '../../core/language/plan-dataset.ts';
import { formatFinding } from '../../core/language/source.ts';
import { runDefinitionTests } from '../../core/runtime/testing/run-tests.ts';
import { definePlugin, Type } from '../../core/sdk.ts';
import { registry } from './registry.ts';

const HEADER = 'apiVersion: sluice/v1\nkind: dataset\nid: a\nversion: 1.0.0\ntitle: A\n';
const CONNECTION =
  'connection: { type: object, required: [secret], properties: { secret: { type: string, secret: true } } }\n';
const SOURCES = `sources:
  orders: { csv: { prefix: "in/orders/{{ date }}/x/", columns: { id: text, at: timestamp, total: "decimal(12,2)", note: json? }, maxBad: "0.5%" } }
  lines: { csv: { prefix: in/lines/, columns: { id: bigint, order_id: text }, badRows: fail } }
`;
const TABLES = `tables:
  lines: { from: lines, key: [id], references: { order_id: { table: orders } }, indexes: [order_id, [order_id, id]] }
  orders: { from: orders, key: [id], version: at, history: true, write: [patch], retention: { after: P3D, by: at, requires: exported } }
warehouse:
  orders: { from: orders, load: incremental }
  orders_history: { from: orders_history, load: incremental }
  lines: { from: lines, load: snapshot }
`;

function compile(text: string, files: Readonly<Record<string, string>> = {}): Plan {
  const { plan, findings } = compileDefinition({ file: 'a.yaml', text: HEADER + text, files }, registry);
  if (!plan) throw new Error(findings.map(formatFinding).join('\n'));
  return plan;
}

function findings(text: string, files: Readonly<Record<string, string>> = {}): string[] {
  return compileDefinition({ file: 'd/a.yaml', text: HEADER + text, files }, registry).findings.map(formatFinding);
}

describe('a compiled dataset', () => {
  const plan = compile(SOURCES + TABLES);
  const dataset = plan.dataset!;

  it('has its sources, columns as declared', () => {
    const [orders, lines] = dataset.sources;
    expect(orders).to.deep.equal({
      kind: 'csv',
      name: 'orders',
      prefix: { parts: ['in/orders/', '/x/'] },
      columns: [
        { name: 'id', type: 'text', nullable: false },
        { name: 'at', type: 'timestamp', nullable: false },
        { name: 'total', type: 'decimal', nullable: false, precision: 12, scale: 2 },
        { name: 'note', type: 'json', nullable: true },
      ],
      badRows: 'quarantine',
      maxBad: { percent: 0.5 },
    });
    expect(lines)
      .to.deep.include({ prefix: { parts: ['in/lines/'] }, badRows: 'fail' })
      .and.not.have.property('maxBad');
  });

  it('has its tables behind those they refer to', () => {
    const [orders, lines] = dataset.tables;
    expect([orders!.name, lines!.name]).to.deep.equal(['orders', 'lines']);
    expect(orders).to.deep.include({
      version: { by: 'column', column: 'at' },
      versionColumn: { name: '_version', type: 'timestamp', nullable: false },
      history: true,
      write: ['patch'],
      retention: { afterMs: 259_200_000, by: 'at', exportedOnly: true },
    });
    expect(lines).to.deep.include({
      version: { by: 'object' },
      versionColumn: { name: '_version', type: 'text', nullable: false },
      references: [{ column: 'order_id', table: 'orders', delete: 'cascade', missing: 'hold' }],
      indexes: [['order_id'], ['order_id', 'id']],
    });
  });

  it('has tables of the warehouse with the night in front and the version behind', () => {
    const [orders, history, lines] = dataset.warehouse;
    expect(orders!.columns.map(({ name }) => name)).to.deep.equal([
      'partition_date',
      'id',
      'at',
      'total',
      'note',
      '_version',
    ]);
    expect([orders!.rowKey, history!.rowKey]).to.deep.equal([['id'], ['id', '_version']]);
    expect(history).to.deep.include({ from: 'orders', history: true });
    expect(lines).to.deep.include({ from: 'lines', history: false, load: 'snapshot' });
  });

  it('is in UTC where it says nothing, and runs by no clock', () => {
    expect([dataset.timezone, dataset.schedule]).to.deep.equal(['UTC', undefined]);
    const timed = compile(`${SOURCES}${TABLES}timezone: Europe/Berlin\nschedule: { cron: " 30 2 * * 1-5 " }\n`).dataset;
    expect([timed?.timezone, timed?.schedule]).to.deep.equal([
      'Europe/Berlin',
      { cron: '30 2 * * 1-5', lagDays: 1, catchUp: true },
    ]);
  });

  it('is frozen', () => {
    expect(Object.isFrozen(dataset.tables[0]?.columns)).to.equal(true);
  });
});

describe('the models of a dataset', () => {
  const MODELS = `models:
  second: { sql: m/second.sql, dependsOn: [first], columns: { day: date, n: bigint }, partition: day, load: replacePartition, dimensions: [day],
            metrics: { total: { sum: n, where: "n > 0", scale: 2 }, rows_seen: { count: "*" } },
            tests: [ { unique: [day] }, { acceptedValues: { column: n, values: [1] } }, { relationships: { column: day, to: first, field: day } }, { reconcile: { count: "*", equals: m/second.total.sql } }, { freshness: { column: day, within: P1D } } ] }
  first: { sql: m/first.sql, dirty: m/first.dirty.sql, dependsOn: [orders], partition: day, load: replacePartition, sortBy: [day] }
`;
  const FILES = {
    'm/first.sql': 'select cast(at as date) as day, id from latest_orders',
    'm/first.dirty.sql': 'select cast(at as date) as day from changed_orders where _old',
    'm/second.sql': 'select day, count(*) as n from first group by day',
    'm/second.total.sql': 'select day, count(*) as value from first group by day',
    'm/second.duckdb.sql': 'select day, count() as n from first group by all',
  };
  const text = SOURCES + TABLES + MODELS;
  const dataset = compile(text, FILES).dataset!;
  const [first, second] = dataset.models;

  it('stand behind those they depend on, with the SQL of their files', () => {
    expect([first!.name, second!.name]).to.deep.equal(['first', 'second']);
    expect(first).to.deep.include({ sql: { file: 'm/first.sql', sql: FILES['m/first.sql'], forWarehouse: {} } });
    expect([first!.columns, second!.columns?.length]).to.deep.equal([undefined, 2]);
    expect(first!.dirty?.sql).to.equal(FILES['m/first.dirty.sql']);
  });

  it('take a file for one warehouse, but not one that is named for something else', () => {
    expect(second!.sql.forWarehouse).to.deep.equal({ duckdb: FILES['m/second.duckdb.sql'] });
  });

  it('have their metrics and tests', () => {
    expect(second!.metrics).to.deep.equal([
      { name: 'total', aggregate: 'sum', column: 'n', where: 'n > 0', scale: 2 },
      { name: 'rows_seen', aggregate: 'count' },
    ]);
    expect(second!.tests).to.deep.equal([
      { test: 'unique', columns: ['day'] },
      { test: 'acceptedValues', column: 'n', values: [1] },
      { test: 'relationships', column: 'day', to: 'first', field: 'day' },
      {
        test: 'reconcile',
        metric: { aggregate: 'count' },
        equals: { file: 'm/second.total.sql', sql: FILES['m/second.total.sql'], forWarehouse: {} },
      },
      { test: 'freshness', column: 'day', withinMs: 86_400_000 },
    ]);
  });

  it('are part of the hash, each file of theirs', () => {
    const before = compile(text, FILES).hash;
    for (const name of Object.keys(FILES)) {
      const changed = { ...FILES, [name]: `${FILES[name as keyof typeof FILES]} ` };
      expect(compile(text, changed).hash, name).to.not.equal(before);
    }
  });

  it('are checked in their own files, which are shown beside the definition', () => {
    const wrong = { ...FILES, 'm/second.sql': 'select\n  day,\n  count(*) as m\nfrom frist\ngroup by day' };
    expect(findings(text, wrong)).to.deep.equal([
      'd/m/second.sql:4:6 models.second.sql: There is no table "frist" here. Did you mean "first"?',
    ]);
    const renamed = { ...FILES, 'm/second.sql': 'select day, count(*) as m from first group by day' };
    expect(findings(text, renamed)).to.deep.equal([
      'd/m/second.sql:1:1 models.second.sql: The columns of the model "second" are declared as day, n; this gives: day, m. Both need the same names in the same order.',
    ]);
  });
});

describe('a webhook of a dataset', () => {
  const source = (
    signature: string,
    event = '{ id: /data/id, status: "{{ upper request.body.data.status }}", amount: /data/amount }',
  ) => {
    const text = `${CONNECTION}sources: { pay: { webhook: { signature: ${signature}, dedupe: "{{ request.headers.[x-id] }}", columns: { id: text, status: text?, amount: bigint? }, event: ${event} } } }\ntables: { pay: { from: pay, key: [id], version: amount } }\n`;
    return compile(text.replace('amount: bigint?', 'amount: bigint')).dataset!.sources[0] as WebhookSource;
  };
  const request = (body: WebhookRequest['body']): WebhookRequest => ({
    url: 'https://sluice.example/hooks/1',
    query: {},
    headers: { 'x-id': 'm1', 'x-signature': 'abc', 'x-time': '1700000000' },
    body,
    rawBody: JSON.stringify(body),
  });
  const scope = { connection: { secret: 's3cret' }, request: request(null) };

  it('takes a row and the id of the message out of it; what is missing is absent', () => {
    const { event, dedupe } = source('{ scheme: standard-webhooks, secret: "{{ connection.secret }}" }');
    const paid = request({ data: { id: 'p1', status: 'paid' } });
    expect(dedupe({}, paid)).to.equal('m1');
    expect([event['id']?.({}, paid), event['status']?.({}, paid), event['amount']?.({}, paid)]).to.deep.equal([
      'p1',
      'PAID',
      ABSENT,
    ]);
    expect(event['status']?.({}, request({ data: {} }))).to.equal(ABSENT);
    expect(event['status']?.({}, request(null))).to.equal(ABSENT);
  });

  it('says by a scheme what its signature is', () => {
    const { signature } = source('{ scheme: standard-webhooks, secret: "{{ connection.secret }}", tolerance: PT1M }');
    expect([signature.scheme, signature.toleranceMs, signature.secret(scope)]).to.deep.equal([
      'standard-webhooks',
      60_000,
      's3cret',
    ]);
  });

  it('or by an algorithm, over the raw body where nothing else is said', () => {
    const { signature } = source(
      '{ algorithm: hmac-sha256, secret: "{{ connection.secret }}", value: ["{{ request.headers.[x-signature] }}"], timestamp: "{{ request.headers.[x-time] }}" }',
    );
    if (signature.scheme === 'standard-webhooks') throw new Error('This is another scheme.');
    const { scheme, encoding, toleranceMs } = signature;
    expect({ scheme, encoding, toleranceMs }).to.deep.equal({
      scheme: 'hmac-sha256',
      encoding: 'hex',
      toleranceMs: 300_000,
    });
    expect([signature.value(scope), signature.signedContent(scope), signature.timestamp?.(scope)]).to.deep.equal([
      ['abc'],
      'null',
      '1700000000',
    ]);
  });
});

describe('the time zone and the schedule of a dataset', () => {
  const refused = (line: string) => findings(SOURCES + TABLES + line).map((found) => found.replace(/^\S+ \S+ /, ''));

  it('take names of places, and no offsets', () => {
    for (const zone of ['UTC', 'Europe/Berlin', 'America/Argentina/Ushuaia'])
      expect(refused(`timezone: ${zone}\n`), zone).to.deep.equal([]);
    for (const zone of ['"+02:00"', 'Z', 'CEST', 'Europe', '""'])
      expect(refused(`timezone: ${zone}\n`), zone).to.have.length(1);
  });

  it('take what the clock can read, and no random times', () => {
    for (const cron of ['0 2 * * *', '*/15 0-6 * * MON-FRI', '0 2 1,15 * *'])
      expect(refused(`schedule: { cron: "${cron}" }\n`), cron).to.deep.equal([]);
    for (const cron of ['0 25 * * *', '0 2 31 2 *', '@daily', 'H 2 * * *', '0 0 2 * * *', 'a b c d e']) {
      expect(refused(`schedule: { cron: "${cron}" }\n`), cron).to.have.length(1);
    }
  });
});

describe('what a dataset runs', () => {
  /** Their shape alone: a test of a definition answers in their place. */
  const work = (name: string, more: Record<string, ReturnType<typeof Type.Optional>> = {}) =>
    definePlugin<{ dataset: string }>({
      type: 'stepType',
      name,
      summary: 'Does a piece of work.',
      config: Type.Object({ dataset: Type.String(), ...more }, { additionalProperties: false }),
      result: Type.Object({ done: Type.Boolean() }),
      example: `id: a\nuse: ${name}\nwith: { dataset: commerce }\n`,
      repeat: { mode: 'safe' },
      run: () => Promise.reject(new Error('Not here.')),
    });
  const day = Type.Optional(Type.String());
  const plugins = new Registry([
    work('loadDataset'),
    work('exportDataset', { date: day }),
    work('buildDataset', { date: day, from: day, to: day, models: Type.Optional(Type.Array(Type.String())) }),
    work('retireDataset'),
  ]);

  const TESTS = `tests:
  - name: loads
    dataset: load
    exchanges:
      - { expect: { use: loadDataset, with: { dataset: a } }, reply: { json: { files: 1, done: false } } }
      - { expect: { use: loadDataset }, reply: { json: { files: 2, rows: 7, done: true } } }
    assert: { state: succeeded, polls: 2, outputs: { files: 2, rows: 7 } }
  - name: exports, then builds
    dataset: nightly
    input: { date: "2026-03-31" }
    exchanges:
      - { expect: { use: exportDataset, with: { dataset: a, date: "2026-03-31" } }, reply: { json: { loads: 1, done: true } } }
      - { expect: { use: buildDataset, with: { dataset: a, date: "2026-03-31" } }, reply: { json: { partitions: 1, failed: 0, done: true } } }
    assert: { state: succeeded, outputs: { export: { loads: 1 }, build: { partitions: 1, failed: 0 } } }
  - name: builds days of some models
    dataset: build
    input: { from: "2026-03-01", to: "2026-03-02", models: [m] }
    exchanges:
      - { expect: { use: exportDataset, with: { dataset: a } }, reply: { json: { done: true } } }
      - { expect: { use: buildDataset, with: { dataset: a, from: "2026-03-01", to: "2026-03-02", models: [m] } }, reply: { json: { done: true } } }
    assert: { state: succeeded, outputs: { export: {}, build: {} } }
  - name: builds what is marked
    dataset: build
    exchanges:
      - { expect: { use: exportDataset, with: { dataset: a } }, reply: { json: { done: true } } }
      - { expect: { use: buildDataset, with: { dataset: a } }, reply: { json: { done: true } } }
    assert: { state: succeeded }
  - name: removes
    dataset: retire
    exchanges: [ { expect: { use: retireDataset }, reply: { json: { rows: 1, objects: 2, done: true } } } ]
    assert: { state: succeeded, outputs: { rows: 1, objects: 2 } }
`;

  it('is piece by piece until all is done, and passes the tests of its definition', async () => {
    const {
      plan,
      tests,
      findings: found,
    } = compileDefinition({ file: 'a.yaml', text: HEADER + SOURCES + TABLES + TESTS }, plugins);
    expect(found.map(formatFinding)).to.deep.equal([]);
    const failures: string[] = [];
    for await (const result of runDefinitionTests(plan!, tests, plugins))
      failures.push(...result.failures.map((line) => `${result.name}: ${line}`));
    expect(tests).to.have.length(5);
    expect(failures).to.deep.equal([]);
  });

  it('compiles where nobody has brought the step types, and takes days only', () => {
    const { pipelines } = compile(SOURCES + TABLES);
    expect([...pipelines.keys()]).to.deep.equal(['load', 'nightly', 'build', 'retire']);
    const { violations } = pipelines.get('nightly')!.input.complete({ date: 'yesterday', from: '2026-03-31' });
    expect(violations.map(({ path }) => path).sort()).to.deep.equal(['/date', '/from']);
  });

  it('is named in tests by what there is', () => {
    const found = findings(
      `${SOURCES}${TABLES}tests: [ { name: a, dataset: night }, { name: b, action: load }, { name: c } ]\n`,
    );
    expect(found.map((line) => line.replace(/^\S+ /, ''))).to.deep.equal([
      'tests[0].dataset: "night" must be one of: load, nightly, build, retire.',
      'tests[1].action: There are no actions in a dataset. Write dataset: one of load, nightly, build, retire.',
      'tests[2]: The test names nothing to run, and there is no "verify" to test. Write dataset: one of load, nightly, build, retire.',
    ]);
  });
});
