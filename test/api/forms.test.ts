import { expect } from 'chai';
import { testApi, type Answer, type TestApi } from './test-api.ts';

const QUESTIONS = [
  { key: 'name', title: 'Your name', type: 'text', required: true },
  { key: 'email', type: 'email' },
  { key: 'phone', type: 'phone' },
  { key: 'age', type: 'integer' },
  { key: 'weight', type: 'number' },
  { key: 'news', type: 'boolean' },
  { key: 'born', type: 'date' },
  { key: 'color', type: 'choice', options: ['red', 'green', 'blue'] },
  { key: 'pets', type: 'multiChoice', options: ['cat', 'dog'] },
  { key: 'site', type: 'url' },
  { key: 'story', type: 'longText' },
];

const refusalOf = ({ status, body }: Answer): unknown => [status, body.code, body.errors];

describe('forms and responses', () => {
  let api: TestApi;
  let form: string;
  before(async () => {
    api = await testApi();
    const made = await api.call('POST', '/v1/forms', { title: 'Survey', questions: QUESTIONS });
    expect(made.status, made.text).to.equal(201);
    form = `/v1/forms/${made.body.id}`;
  });
  after(() => api.close());

  const submit = (answers: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    api.call('POST', `${form}/responses`, { answers }, { headers });

  it('keeps a form as it was given, with defaults filled', async () => {
    const { body } = await api.call('GET', form);
    expect(body).to.include({ title: 'Survey', published: false, version: 1 });
    expect(body.questions[1]).to.deep.equal({ key: 'email', title: 'email', type: 'email', required: false });
    const list = await api.call('GET', '/v1/forms');
    expect(list.body.items[0]).to.deep.equal(body);
  });

  it('refuses a form with what is wrong and where', async () => {
    const refused = await api.call('POST', '/v1/forms', {
      titel: 'x',
      questions: [
        { key: 'a', type: 'txt' },
        { key: '1', type: 'choice', title: '' },
      ],
    });
    expect(refusalOf(refused)).to.deep.equal([
      422,
      'VALIDATION_FAILED',
      [
        { path: '/title', message: 'This is required.' },
        {
          path: '/titel',
          message:
            '"titel" is not known here; accepted are title, questions, published. Did you mean "title"?',
        },
        {
          path: '/questions/0/type',
          message:
            '"txt" is not one of text, longText, email, phone, number, integer, boolean, date, choice, multiChoice, url. Did you mean "text"?',
        },
        {
          path: '/questions/1/key',
          message: '"1" must match pattern "^(?!__proto__$)[A-Za-z_][A-Za-z0-9_-]{0,63}$".',
        },
        { path: '/questions/1/title', message: 'This may not be empty.' },
      ],
    ]);
    const twins = await api.call('POST', '/v1/forms', {
      title: 'x',
      questions: [
        { key: 'a', type: 'text' },
        { key: 'a', type: 'choice' },
        { key: 'b', type: 'text', options: ['x'] },
      ],
    });
    expect(twins.body.errors).to.deep.equal([
      { path: '/questions/1/key', message: '"a" is the key of question 0 already; each needs its own.' },
      { path: '/questions/1/options', message: 'A question of type choice needs options to choose from.' },
      { path: '/questions/2/options', message: 'Only choice and multiChoice have options; this is text.' },
    ]);
  });

  it('stores a response exactly: types, emoji and right-to-left text', async () => {
    const answers = {
      name: 'Ada 👩‍🚀 مرحبا בעולם',
      email: 'ada@example.org',
      phone: '+15551234567',
      age: 36,
      weight: 60.25,
      news: false,
      born: '2024-02-29',
      color: 'green',
      pets: ['dog', 'cat'],
      site: 'https://example.org/?q=1',
      story: 'one\ntwo',
    };
    const made = await submit(answers);
    expect(made.status, made.text).to.equal(201);
    expect(made.body.answers).to.deep.equal(answers);
    expect(made.body.runs).to.deep.equal([]);
    expect(made.headers.get('location')).to.equal(`${form}/responses/${made.body.id}`);
    const { body } = await api.call('GET', `${form}/responses/${made.body.id}`);
    expect(body).to.deep.equal(made.body);
  });

  it('says of each bad answer what is wrong', async () => {
    expect(refusalOf(await submit({ nmae: 'Ada' }))).to.deep.equal([
      422,
      'VALIDATION_FAILED',
      [
        {
          path: '/answers/nmae',
          message:
            'The form has no question "nmae"; it has name, email, phone, age, weight, news, born, color, pets, site, story. Did you mean "name"?',
        },
        { path: '/answers/name', message: 'The question "name" is required and has no answer.' },
      ],
    ]);
    const wrong = await submit({
      name: 1,
      email: 'ada',
      phone: '555',
      age: 1.5,
      weight: '60',
      news: 'yes',
      born: '2023-02-29',
      color: 'gren',
      pets: ['cow'],
      site: 'javascript:alert(1)',
      story: ['x'],
    });
    expect(wrong.body.errors).to.deep.equal([
      { path: '/answers/name', message: 'Expected text, got the number 1.' },
      { path: '/answers/email', message: '"ada" is not an e-mail address such as ada@example.org.' },
      {
        path: '/answers/phone',
        message: '"555" is not a phone number with its country code, such as +15551234567.',
      },
      { path: '/answers/age', message: 'Expected a whole number, got the number 1.5.' },
      { path: '/answers/weight', message: 'Expected a number, got the text "60".' },
      { path: '/answers/news', message: 'Expected true or false, got the text "yes".' },
      { path: '/answers/born', message: '"2023-02-29" is not a date as year-month-day, such as 2025-01-31.' },
      {
        path: '/answers/color',
        message: '"gren" is not offered; the options are "red", "green", "blue". Did you mean "green"?',
      },
      { path: '/answers/pets', message: '"cow" is not offered; the options are "cat", "dog".' },
      {
        path: '/answers/site',
        message: '"javascript:alert(1)" is not a web address that begins with https:// or http://.',
      },
      { path: '/answers/story', message: 'Expected text, got a list.' },
    ]);
    expect((await submit({ name: null })).body.errors).to.deep.equal([
      { path: '/answers/name', message: 'The question "name" is required and has no answer.' },
    ]);
    expect((await submit({ name: 'x', age: 2 ** 53 })).body.errors[0].path).to.equal('/answers/age');
  });

  describe('an unreadable body', () => {
    const post = (raw: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> =>
      api.call('POST', `${form}/responses`, undefined, { raw, headers });

    it('is 400 with the place where JSON breaks', async () => {
      const broken = await post('{"answers": {"name": Ada}}');
      expect([broken.status, broken.body.code, broken.body.detail]).to.deep.equal([
        400,
        'INVALID_JSON',
        'The body is not valid JSON: unexpected "A" at line 1, column 22 (character 21).',
      ]);
      const cut = await post('{"answers": {"name": "Ada"');
      expect(cut.body.detail).to.equal('The body is not valid JSON: it ends too early, after 26 characters.');
      const empty = await post('');
      expect([empty.status, empty.body.code]).to.deep.equal([400, 'INVALID_JSON']);
    });

    it('is 413 when too large, also once unpacked', async () => {
      const { gzipSync } = await import('node:zlib');
      const large = JSON.stringify({ answers: { name: 'x'.repeat(1024 * 1024) } });
      const plain = await post(large);
      expect([plain.status, plain.body.code, plain.body.detail]).to.deep.equal([
        413,
        'BODY_TOO_LARGE',
        'The body is larger than 1048576 bytes, the most accepted here.',
      ]);
      const packed = await post(gzipSync(large), { 'content-encoding': 'gzip' });
      expect([packed.status, packed.body.code]).to.deep.equal([413, 'BODY_TOO_LARGE']);
      const fine = await post(gzipSync('{"answers":{"name":"packed"}}'), { 'content-encoding': 'gzip' });
      expect(fine.status).to.equal(201);
      const bad = await post('no gzip', { 'content-encoding': 'gzip' });
      expect([bad.status, bad.body.code]).to.deep.equal([400, 'BAD_REQUEST']);
      const odd = await post('{}', { 'content-encoding': 'zstd' });
      expect([odd.status, odd.body.code]).to.deep.equal([415, 'UNSUPPORTED_MEDIA_TYPE']);
    });

    it('is 422 when too deep, before anything walks it', async () => {
      const deep = await post(`{"answers":${'['.repeat(100_000)}${']'.repeat(100_000)}}`);
      expect([deep.status, deep.body.code, deep.body.detail]).to.deep.equal([
        422,
        'VALIDATION_FAILED',
        'The body nests deeper than 64 levels.',
      ]);
    });

    it('is 422 with the path for __proto__, NUL and half a surrogate pair', async () => {
      const proto = await post('{"answers":{"name":"x","__proto__":{"admin":true}}}');
      expect(refusalOf(proto)).to.deep.equal([
        422,
        'VALIDATION_FAILED',
        [{ path: '/answers/__proto__', message: 'A key may not be named "__proto__".' }],
      ]);
      const escaped = await post(String.raw`{"answers":{"name":"x","\u005f_proto__":1}}`);
      expect(escaped.body.errors[0].path).to.equal('/answers/__proto__');
      const nul = await post(String.raw`{"answers":{"name":"a\u0000b"}}`);
      expect(refusalOf(nul)).to.deep.equal([
        422,
        'VALIDATION_FAILED',
        [
          {
            path: '/answers/name',
            message: 'The text holds a NUL character (U+0000), which cannot be stored. Leave it out.',
          },
        ],
      ]);
      const half = await post(String.raw`{"answers":{"pets":["\ud83d"]}}`);
      expect(half.body.errors[0].path).to.equal('/answers/pets/0');
    });

    it('is 415 where it is no JSON, and 400 where it is no UTF-8', async () => {
      const text = await post('{}', { 'content-type': 'text/plain' });
      expect([text.status, text.body.code, text.body.detail]).to.deep.equal([
        415,
        'UNSUPPORTED_MEDIA_TYPE',
        'Content-Type "text/plain" is not accepted here; send application/json.',
      ]);
      const latin = await post('{}', { 'content-type': 'application/json; charset=latin1' });
      expect(latin.status).to.equal(415);
      const bytes = await post(Buffer.from([0x22, 0xff, 0x22]));
      expect([bytes.status, bytes.body.code]).to.deep.equal([400, 'INVALID_JSON']);
    });

    it('is looked at only after the form was found', async () => {
      const missing = await api.call(
        'POST',
        '/v1/forms/01890000-0000-7000-8000-000000000000/responses',
        undefined,
        { raw: '{' },
      );
      expect([missing.status, missing.body.detail]).to.deep.equal([404, 'There is no such form.']);
      const other = await api.newTenant('Stranger');
      const theirs = await api.call('POST', `${form}/responses`, undefined, { raw: '{', key: other.apiKey });
      expect(theirs.status).to.equal(404);
      expect((await api.call('GET', '/v1/forms/none')).status).to.equal(404);
    });
  });

  it('takes a response once under an Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'response-1' };
    const [first, rival] = await Promise.all([
      submit({ name: 'Once' }, headers),
      submit({ name: 'Once' }, headers),
    ]);
    const [done, other] = first.status === 201 ? [first, rival] : [rival, first];
    // The two met on their way: the second was told so, or got the first one's answer.
    if (other.status === 201) expect(other.body).to.deep.equal(done.body);
    else expect([other.status, other.body.code]).to.deep.equal([409, 'IDEMPOTENCY_IN_PROGRESS']);
    const again = await submit({ name: 'Once' }, headers);
    expect([again.status, again.text]).to.deep.equal([201, done.text]);
    expect(again.headers.get('location')).to.equal(done.headers.get('location'));
    expect(again.headers.get('idempotency-replayed')).to.equal('true');
    const changed = await submit({ name: 'Twice' }, headers);
    expect([changed.status, changed.body.code]).to.deep.equal([422, 'IDEMPOTENCY_MISMATCH']);
    const found = await api.call('GET', `${form}/responses?answers.name=Once`);
    expect(found.body.items).to.have.length(1);
    const odd = await submit({ name: 'x' }, { 'idempotency-key': 'a b' });
    expect([odd.status, odd.body.code]).to.deep.equal([400, 'BAD_REQUEST']);
  });

  it('keeps a key free where the request was refused', async () => {
    const headers = { 'idempotency-key': 'response-2' };
    expect((await submit({}, headers)).status).to.equal(422);
    expect((await submit({ name: 'Now' }, headers)).status).to.equal(201);
  });

  it('takes many at once, and a bad one among them hurts no other', async () => {
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        submit({ name: i % 10 === 0 ? 5 : `n${i}`, age: i }, { 'idempotency-key': `many-${i}` }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).to.have.length(270);
    expect(answers.filter(({ status }) => status === 422)).to.have.length(30);
  });

  it('finds responses by an answer, page by page', async () => {
    const made = await api.call('POST', '/v1/forms', { title: 'Pages', questions: QUESTIONS });
    const path = `/v1/forms/${made.body.id}/responses`;
    for (const i of [1, 2, 3, 4, 5]) {
      await api.call('POST', path, {
        answers: { name: `n${i}`, age: i % 2, pets: i === 3 ? ['cat', 'dog'] : ['cat'] },
      });
    }
    const first = await api.call('GET', `${path}?limit=2&answers.age=1`);
    expect(first.body.items.map(({ answers }: { answers: { name: string } }) => answers.name)).to.deep.equal([
      'n5',
      'n3',
    ]);
    const second = await api.call('GET', `${path}?limit=2&answers.age=1&cursor=${first.body.nextCursor}`);
    expect(second.body.items.map(({ answers }: { answers: { name: string } }) => answers.name)).to.deep.equal(
      ['n1'],
    );
    expect(second.body.nextCursor).to.equal(null);
    const dogs = await api.call('GET', `${path}?answers.pets=dog`);
    expect(dogs.body.items).to.have.length(1);
    const unknown = await api.call('GET', `${path}?answers.agee=1`);
    expect([unknown.status, unknown.body.errors[0].path]).to.deep.equal([422, '/query/answers.agee']);
    const limit = await api.call('GET', `${path}?limit=0`);
    expect([limit.status, limit.body.errors[0].path]).to.deep.equal([422, '/query/limit']);
    const cursor = await api.call('GET', `${path}?cursor=zzz`);
    expect(cursor.status).to.equal(422);
  });

  it('gives all responses as CSV', async () => {
    const questions = [
      { key: 'a', type: 'text' },
      { key: 'n', type: 'number' },
      { key: 'm', type: 'multiChoice', options: ['x', 'y'] },
    ];
    const made = await api.call('POST', '/v1/forms', { title: 'CSV', questions });
    const path = `/v1/forms/${made.body.id}/responses`;
    const one = await api.call('POST', path, { answers: { a: 'say "hi",\nthen 🚀', n: 1.5, m: ['x', 'y'] } });
    const csv = await api.call('GET', `${path}?format=csv`);
    expect(csv.headers.get('content-type')).to.equal('text/csv; charset=utf-8; header=present');
    expect(csv.text).to.equal(
      `id,createdAt,a,n,m\r\n${one.body.id},${one.body.createdAt},"say ""hi"",\nthen 🚀",1.5,x; y\r\n`,
    );
  });

  it('changes and deletes a form', async () => {
    const made = await api.call('POST', '/v1/forms', { title: 'Old', questions: QUESTIONS });
    const path = `/v1/forms/${made.body.id}`;
    await api.call('POST', `${path}/responses`, { answers: { name: 'before' } });
    const changed = await api.call('PATCH', path, {
      title: 'New',
      questions: [{ key: 'other', type: 'text' }],
    });
    expect([changed.status, changed.body.title, changed.body.version]).to.deep.equal([200, 'New', 2]);
    const old = await api.call('POST', `${path}/responses`, { answers: { name: 'after' } });
    expect(old.status).to.equal(422);
    expect((await api.call('DELETE', path)).status).to.equal(204);
    expect((await api.call('GET', path)).status).to.equal(404);
    expect((await api.call('POST', `${path}/responses`, { answers: { other: 'x' } })).status).to.equal(404);
  });
});
