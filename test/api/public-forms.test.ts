import { expect } from 'chai';
import { testApi, type Answer, type TestApi } from './test-api.ts';

const EVIL = `"><script>alert('x')</script>`;

describe("a form's public page", () => {
  let api: TestApi;
  let id: string;
  before(async () => {
    api = await testApi();
    const made = await api.call('POST', '/v1/forms', {
      title: `Feedback ${EVIL}`,
      published: true,
      questions: [
        { key: 'name', title: EVIL, type: 'text', required: true },
        { key: 'age', type: 'integer' },
        { key: 'ok', type: 'boolean' },
        { key: 'color', type: 'choice', options: ['red', EVIL] },
        { key: 'pets', type: 'multiChoice', options: ['cat', 'dog'] },
        { key: 'story', type: 'longText' },
      ],
    });
    id = made.body.id;
  });
  after(() => api.close());

  const post = (fields: [string, string][]): Promise<Answer> =>
    api.call('POST', `/f/${id}`, undefined, {
      key: null,
      raw: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });

  it('shows the questions without a key or a script, escaped', async () => {
    const { status, headers, text } = await api.call('GET', `/f/${id}`, undefined, { key: null });
    expect([status, headers.get('content-type')]).to.deep.equal([200, 'text/html; charset=utf-8']);
    expect(text).not.to.include('<script');
    expect(text).to.include('&#34;&#62;&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;');
    expect(text).to.match(/<input id="q-name" name="name" type="text" required value="">/);
    expect(headers.get('content-security-policy'))
      .to.include("script-src 'self'")
      .and.not.include('upgrade-insecure-requests');
  });

  it('takes what it sends as a response, typed by its questions', async () => {
    const sent = await post([
      ['.submission', 'one'],
      ['name', 'Ada 🚀 مرحبا'],
      ['age', '36'],
      ['ok', 'true'],
      ['color', EVIL],
      ['pets', 'cat'],
      ['pets', 'dog'],
      ['story', 'a\r\nb'],
    ]);
    expect(sent.status, sent.text).to.equal(201);
    const { body } = await api.call('GET', `/v1/forms/${id}/responses?answers.age=36`);
    expect(body.items[0].answers).to.deep.equal({
      name: 'Ada 🚀 مرحبا',
      age: 36,
      ok: true,
      color: EVIL,
      pets: ['cat', 'dog'],
      story: 'a\nb',
    });
  });

  it('counts the button once, however often it is pressed', async () => {
    for (const _ of [1, 2])
      expect(
        (
          await post([
            ['.submission', 'two'],
            ['name', 'Twice'],
          ])
        ).status,
      ).to.equal(201);
    await post([
      ['.submission', 'two'],
      ['name', 'Changed'],
    ]);
    const twice = await api.call('GET', `/v1/forms/${id}/responses?answers.name=Twice`);
    expect(twice.body.items).to.have.length(1);
    const changed = await api.call('GET', `/v1/forms/${id}/responses?answers.name=Changed`);
    expect(changed.body.items).to.have.length(1);
  });

  it('shows what is wrong beside the answers given', async () => {
    const wrong = await post([
      ['name', ''],
      ['age', 'old'],
      ['other', 'x'],
      ['story', '</textarea><script>'],
    ]);
    expect([wrong.status, wrong.headers.get('content-type')]).to.deep.equal([
      422,
      'text/html; charset=utf-8',
    ]);
    expect(wrong.text).to.include('Expected a whole number, got the text &#34;old&#34;.');
    expect(wrong.text).to.include('is required and has no answer');
    expect(wrong.text).to.include('The form has no question &#34;other&#34;');
    expect(wrong.text).to.include('value="old"').and.not.include('<script');
    const nul = await post([['name', 'a\0b']]);
    expect(nul.status).to.equal(422);
    expect(nul.text).to.include('NUL character');
  });

  it('is not there while the form is not published', async () => {
    const draft = await api.call('POST', '/v1/forms', {
      title: 'x',
      questions: [{ key: 'a', type: 'text' }],
    });
    expect((await api.call('GET', `/f/${draft.body.id}`, undefined, { key: null })).status).to.equal(404);
    await api.call('PATCH', `/v1/forms/${draft.body.id}`, { published: true });
    expect((await api.call('GET', `/f/${draft.body.id}`, undefined, { key: null })).status).to.equal(200);
    expect((await api.call('GET', '/f/nothing', undefined, { key: null })).status).to.equal(404);
  });
});
