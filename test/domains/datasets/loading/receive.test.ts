import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import { receive, type Receipt } from '../../../../core/domains/datasets/loading/webhook/receive.ts';
import type { Json, JsonObject } from '../../../../core/kernel/json.ts';
import {
  OperationalError,
  type DatasetRef,
  type OperationalStore,
} from '../../../../core/kernel/stores/operational.ts';
import type { Plan } from '../../../../core/language/plan.ts';
import { operationalStores } from '../../../../db/datasets/operational-stores.ts';
import { testDatabase, type TestDatabase } from '../../../support/database.ts';
import { rejection } from '../../../support/rejection.ts';
import { addDataset, compiled, RecordingStore, SHOP } from './shop.ts';

const NOW = Date.UTC(2026, 0, 31, 12);
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** What a payment system sends. */
function sent(plan: Plan, tenantId: string, id: string, body: string, { at = NOW, source = 'payments' } = {}) {
  const deps = {
    catalogue: {
      plan: (name: string) => (name === 'shop' ? plan : undefined),
      planByHash: () => Promise.resolve(plan),
    },
    clock: { now: () => NOW, after: () => () => undefined },
    app: () => ({}),
  };
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(at / 1000),
    'webhook-signature': new Webhook(secret).sign(id, new Date(at), body),
  };
  const connection = {
    tenantId,
    id: randomUUID(),
    name: 'Shop',
    definition: 'shop',
    state: 'active',
    config: { secret },
    version: 1,
  } as const;
  const delivery = { url: 'https://sluice.test/hooks/x/payments', query: {}, headers, rawBody: Buffer.from(body) };
  return { deps, hook: { tenant: { id: tenantId, name: 'Acme' }, connection, source }, delivery };
}

const payment = (data: JsonObject): string =>
  JSON.stringify({ data: { id: 'p1', order: 'o1', status: 'PAID', ...data } });

describe('a message that comes by webhook', () => {
  describe('in the operational store', () => {
    let test: TestDatabase;
    let store: OperationalStore;
    let dataset: DatasetRef;
    const plan = compiled(SHOP);
    before(async () => {
      test = await testDatabase();
    });
    after(() => test.drop());
    beforeEach(async () => {
      dataset = { tenantId: randomUUID(), id: 'shop' };
      await addDataset(test.db.engine, dataset);
      store = await operationalStores(test.db.datasets).open(dataset, plan.dataset!.tables);
    });

    function send(id: string, data: JsonObject, at = NOW): Promise<Receipt> {
      const { deps, hook, delivery } = sent(plan, dataset.tenantId, id, payment(data), { at });
      return receive({ ...deps, operational: operationalStores(test.db.datasets) }, hook, delivery);
    }

    async function payments(...columns: readonly string[]): Promise<Json[][]> {
      const { items } = await store.rows('payments', {}, { limit: 100 });
      return items.map(({ values }) => columns.map((name) => values[name]!));
    }

    it('is a row at once, and is accepted once', async () => {
      const accepted = { accepted: true, duplicate: false, quarantined: false };
      expect(await send('m1', { amount: 12.5, paid_at: '2026-01-31T13:00:00+01:00' })).to.deep.equal(accepted);
      expect(await payments('id', 'order_id', 'status', 'amount')).to.deep.equal([['p1', 'o1', 'paid', '12.50']]);
      expect(await send('m1', { amount: 99 })).to.deep.equal({ ...accepted, duplicate: true });
      expect(await payments('amount')).to.deep.equal([['12.50']]);
    });

    it('that was sent earlier does not take the place of a later one', async () => {
      await send('m2', { status: 'REFUNDED' });
      expect(await send('m1', {}, NOW - 60_000)).to.deep.equal({
        accepted: true,
        duplicate: false,
        quarantined: false,
      });
      expect(await payments('id', 'status')).to.deep.equal([['p1', 'refunded']]);
      await send('m3', { status: 'VOID' }, NOW + 60_000);
      expect(await payments('id', 'status')).to.deep.equal([['p1', 'void']]);
    });

    it('that does not fit is accepted into quarantine, since to send it again would not help', async () => {
      expect(await send('m1', { amount: 'a lot' })).to.deep.equal({
        accepted: true,
        duplicate: false,
        quarantined: true,
      });
      expect(await send('m1', { amount: 1 })).to.deep.equal({ accepted: true, duplicate: true, quarantined: false });
      expect(await payments('id')).to.deep.equal([]);
      const { rows } = await test.db.engine.query(
        `SELECT l.kind, l.object, q.line::int, q.column_name, q.value, q.reason FROM dataset_quarantine q
         JOIN dataset_loads l ON l.tenant_id = q.tenant_id AND l.id = q.load_id WHERE q.tenant_id = $1`,
        [dataset.tenantId],
      );
      expect(rows).to.deep.equal([
        {
          kind: 'message',
          object: 'm1',
          line: 1,
          column_name: 'amount',
          value: 'a lot',
          reason:
            'Expected a decimal(12,2): at most 10 digits, and at most 2 behind the point; no signs between them, no zeros in front.',
        },
      ]);
    });
  });

  describe('gives its columns values', () => {
    /** COPY's text of the row, or what is wrong with it. */
    async function written(type: string, value: Json | undefined): Promise<string> {
      const plan = compiled(SHOP.replace('amount: "decimal(12,2)?"', `amount: "${type}"`));
      const store = new RecordingStore();
      const { deps, hook, delivery } = sent(
        plan,
        randomUUID(),
        'm1',
        payment(value === undefined ? {} : { amount: value }),
      );
      await receive({ ...deps, operational: { open: () => Promise.resolve(store) } }, hook, delivery);
      const [load] = store.loads;
      const [bad] = load!.quarantined;
      return bad ? `${bad.value}: ${bad.reason}` : load!.text.split('\t')[4]!;
    }

    it('that are of JSON’s own types, or texts as in a file', async () => {
      const taken: readonly (readonly [string, Json | undefined, string])[] = [
        ['integer', 12, '12'],
        ['integer', 1e3, '1000'],
        ['integer', -0, '0'],
        ['integer', '12', '12'],
        ['bigint', 9007199254740991, '9007199254740991'],
        ['bigint', '9223372036854775807', '9223372036854775807'],
        ['decimal(12,2)', 12.5, '12.5'],
        ['decimal(12,9)', 1e-7, '0.0000001'],
        ['decimal(12,9)', -1.25e-7, '-0.000000125'],
        ['decimal(30,2)', '12345678901234567890.12', '12345678901234567890.12'],
        ['boolean', true, 't'],
        ['boolean', 'false', 'f'],
        ['date', '2026-01-31', '2026-01-31'],
        ['text', 'a\tb\\', 'a\\tb\\\\'],
        ['text', '', ''],
        ['json', { a: [1, null, 'x'] }, '{"a":[1,null,"x"]}'],
        ['json', 'text', '"text"'],
        ['text?', undefined, '\\N'],
        ['text?', null, '\\N'],
      ];
      for (const [type, value, text] of taken) expect(await written(type, value), type).to.equal(text);
    });

    it('and none that would have to be cast, or that JSON has rounded', async () => {
      const none: readonly (readonly [string, Json | undefined, string])[] = [
        ['integer', 12.7, '12.7: Expected an integer'],
        ['integer', '12.0', '12.0: Expected an integer'],
        ['integer', true, 'true: Expected integer, got a boolean.'],
        ['integer', 2147483648, '2147483648: An integer is from'],
        ['bigint', 9007199254740992, '9007199254740992: The number is beyond 2^53-1'],
        ['decimal(12,2)', 0.125, '0.125: Expected a decimal(12,2)'],
        ['decimal(12,2)', 1e21, '1e+21: Expected a decimal(12,2)'],
        ['decimal(38,20)', 0.1234567890123456, '0.1234567890123456: The number has more than 15 digits'],
        ['text', 12, '12: Expected text, got a number.'],
        ['text', { a: 1 }, '{"a":1}: Expected text, got an object.'],
        ['text', ['a'], '["a"]: Expected text, got a list.'],
        ['text', '\ud800', '\ufffd: The text holds half of a surrogate pair'],
        ['text', 'a\0', 'a\ufffd: The text holds a NUL character'],
        ['timestamp', 1769860800, '1769860800: Expected timestamp, got a number.'],
        ['boolean', 1, '1: Expected boolean, got a number.'],
        ['json', { a: '\0' }, '{"a":"\\u0000"}: The JSON holds a NUL character'],
        ['text', undefined, ': The value is empty, and the column takes no null.'],
        ['text', null, ': The value is empty, and the column takes no null.'],
      ];
      for (const [type, value, message] of none)
        expect((await written(type, value)).slice(0, message.length)).to.equal(message);
    });
  });

  describe('is not accepted', () => {
    const plan = compiled(SHOP);
    const operational = { open: () => Promise.resolve(new RecordingStore()) };

    async function refusal(
      body: string,
      change: Partial<Parameters<typeof receive>[2]> = {},
      source = 'payments',
    ): Promise<string> {
      const { deps, hook, delivery } = sent(plan, randomUUID(), 'm1', body, { source });
      const { code, message } = await rejection(receive({ ...deps, operational }, hook, { ...delivery, ...change }));
      return `${code}: ${message}`;
    }

    it('by a source that is none of messages', async () => {
      for (const source of ['orders', 'nothing'])
        expect(await refusal(payment({}), {}, source)).to.equal('NOT_FOUND: There is no such webhook.');
    });

    it('without a signature, or with another body than the signed one', async () => {
      expect(await refusal(payment({}), { headers: {} })).to.equal(
        'UNAUTHENTICATED: The header "webhook-id" is missing.',
      );
      expect(await refusal(payment({}), { rawBody: Buffer.from('{}') })).to.equal(
        'UNAUTHENTICATED: None of the signatures in the header "webhook-signature" fits the message.',
      );
      expect(await refusal(payment({}), { rawBody: Buffer.from([0x7b, 0xe9]) })).to.contain(
        'INVALID_JSON: The body is no UTF-8 text.',
      );
    });

    it('without an id that it could be known by', async () => {
      const byBody = compiled(SHOP.replace('dedupe: "{{ request.headers.[webhook-id] }}"', 'dedupe: /id'));
      const why: Readonly<Record<string, string>> = {
        '{}': 'it is missing.',
        'no JSON': 'it is missing.',
        '{"id":null}': 'it is missing.',
        '{"id":""}': 'it is empty.',
        '{"id":1.5}': 'it is 1.5.',
        '{"id":["a"]}': 'it is ["a"].',
        '{"id":"a\\u0000"}': 'it holds a NUL character or half of a surrogate pair.',
        [`{"id":"${'x'.repeat(501)}"}`]: 'it has more than 500 bytes.',
      };
      for (const [body, reason] of Object.entries(why)) {
        const { deps, hook, delivery } = sent(byBody, randomUUID(), 'm1', body);
        const { code, message } = await rejection(receive({ ...deps, operational }, hook, delivery));
        expect({ code, message }).to.deep.equal({
          code: 'VALIDATION_FAILED',
          message: `The message has no id to accept it once by ("dedupe" of the source): ${reason}`,
        });
      }
    });

    it('while the store is away, so that it is sent again', async () => {
      const { deps, hook, delivery } = sent(plan, randomUUID(), 'm1', payment({}));
      const away = { open: () => Promise.reject(new OperationalError('unavailable', 'The connection was cut.')) };
      const error = await rejection(receive({ ...deps, operational: away }, hook, delivery));
      expect(error).to.include({ code: 'UNAVAILABLE', retryAfter: 2 });
    });
  });
});
