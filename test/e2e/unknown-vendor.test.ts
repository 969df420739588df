import { expect } from 'chai';
import { newPlace, type Place } from '../support/deliveries.ts';
import { eventually, startSluice, type SluiceProcess } from '../support/sluice-process.ts';
import { startVendor, status, type Vendor } from '../support/vendor.ts';

const SECRET = 'zk_5ecret/with+odd=chars&"quotes"';
const DEFINITION = `
apiVersion: sluice/v1
kind: integration
id: zoo-keeper
version: 0.1.0
title: Zoo Keeper
baseUrl: https://api.zoo-keeper.test/v9
headers: { X-Zoo: "yes" }
connection:
  type: object
  required: [apiKey, region]
  properties:
    apiKey: { type: string, secret: true, title: API key }
    region: { type: string, enum: [north, south], title: Region }
auth:
  apiKey: { in: query, name: api_key, value: "{{ connection.apiKey }}" }
errors:
  - { when: { status: 200, body: { /ok: false } }, then: fail, kind: config, message: "The zoo says: {{ response.body.error }}" }
actions:
  admit:
    title: Admit an animal
    input:
      type: object
      required: [name]
      properties:
        name: { type: string }
        legs: { type: integer }
        tame: { type: boolean }
        tags: { type: array, items: { type: string } }
        weight: { type: number }
        note: { type: string }
    steps:
      - id: pen
        request: { method: GET, path: "/pens/{{ connection.region }}/{{ input.name }}", query: { tags: "{{ optional input.tags }}" } }
        response: { outputs: { pen: /pen, size: /size } }
      - id: admit
        request:
          method: POST
          path: /animals
          json: { name: "{{ input.name }}", legs: "{{ optional input.legs }}", tame: "{{ optional input.tame }}", tags: "{{ optional input.tags }}", weight: "{{ optional input.weight }}", pen: "{{ steps.pen.pen }}", label: "{{ input.name }} in {{ steps.pen.pen }}", note: "{{ optional input.note }}" }
        idempotency: { mode: header, header: Idempotency-Key }
        response: { outputs: { id: /id } }
    outputs: { id: "{{ steps.admit.id }}", size: "{{ steps.pen.size }}" }
`;

const NAME = 'Zoë/🦒 "the tall" שלום #1?';

describe('A vendor that nobody has seen', function () {
  this.timeout(60_000);
  let vendor: Vendor;
  let place: Place;
  let sluice: SluiceProcess;

  before(async () => {
    vendor = await startVendor();
    place = await newPlace(vendor.origin, { id: 'zoo-keeper', text: DEFINITION, origin: 'https://api.zoo-keeper.test' });
    sluice = await startSluice(place.env);
  });
  after(async () => {
    await sluice.end('SIGTERM');
    await vendor.close();
    await place.remove();
  });

  it('is reached by dropping in one file: connection, form action, response, trace', async () => {
    vendor.answer((request, response, n) => {
      const pen = { pen: `pen-7`, size: 12.5, echo: SECRET };
      const answer = request.method === 'GET' ? pen : { id: 9007199254740991, ok: true, seen: request.target };
      status(200, {}, JSON.stringify(answer))(request, response, n);
    });
    const made = async (path: string, body: unknown, key?: string) => {
      const answer = await sluice.call('POST', path, body, key);
      expect(answer.status, JSON.stringify(answer.body)).to.equal(201);
      return answer.body;
    };
    const { apiKey } = await made('/v1/tenants', { name: 'Zoo' });
    const config = { apiKey: SECRET, region: 'north' };
    const connection = await made('/v1/connections', { definition: 'zoo-keeper', name: 'zoo', config }, apiKey);
    const form = await made(
      '/v1/forms',
      {
        title: 'Arrivals',
        questions: [
          { key: 'name', title: 'Name', type: 'text', required: true },
          { key: 'legs', title: 'Legs', type: 'integer', required: false },
          { key: 'tame', title: 'Tame', type: 'boolean', required: false },
          { key: 'tags', title: 'Tags', type: 'multiChoice', required: false, options: ['tall', 'shy'] },
          { key: 'weight', title: 'Weight', type: 'number', required: false },
          { key: 'note', title: 'Note', type: 'longText', required: false },
        ],
      },
      apiKey,
    );
    const answers = ['name', 'legs', 'tame', 'tags', 'weight', 'note'].map((key) => [key, `{{ event.answers.${key} }}`]);
    await made(
      `/v1/forms/${form.id}/actions`,
      { definition: 'zoo-keeper', action: 'admit', connectionId: connection.id, input: Object.fromEntries(answers) },
      apiKey,
    );
    const given = { name: NAME, legs: 4, tame: false, tags: ['tall'], weight: 0.1 };
    const response = await made(`/v1/forms/${form.id}/responses`, { answers: given }, apiKey);
    expect(response.answers).to.deep.equal(given);
    expect(response.runs).to.have.length(1);

    const run = await eventually('the run succeeds', async () => {
      const { body } = await sluice.call('GET', `/v1/runs/${response.runs[0]}`, undefined, apiKey);
      return ['succeeded', 'failed', 'needs_review'].includes(body.state) && body;
    });
    expect(run.error ?? null).to.equal(null);
    expect(run.state).to.equal('succeeded');
    expect(run.outputs).to.deep.equal({ id: 9007199254740991, size: 12.5 });
    expect(run.steps.map((step: { step: string; attempt: number; state: string }) => [step.step, step.attempt, step.state])).to.deep.equal([
      ['pen', 1, 'succeeded'],
      ['admit', 1, 'succeeded'],
    ]);

    const [pen, admit] = vendor.requests;
    const url = new URL(pen!.target, 'http://x');
    expect(url.pathname).to.equal(`/v9/pens/north/${encodeURIComponent(NAME)}`);
    expect(url.searchParams.get('api_key')).to.equal(SECRET);
    expect(url.searchParams.getAll('tags')).to.deep.equal(['tall']);
    expect(pen!.headers).to.include({ 'x-zoo': 'yes', host: 'api.zoo-keeper.test' });
    expect(JSON.parse(admit!.body)).to.deep.equal({
      name: NAME,
      legs: 4,
      tame: false,
      tags: ['tall'],
      weight: 0.1,
      pen: 'pen-7',
      label: `${NAME} in pen-7`,
    });

    const shown = JSON.stringify([connection, run, await sluice.call('GET', `/v1/connections/${connection.id}`, undefined, apiKey)]);
    for (const form of [SECRET, encodeURIComponent(SECRET), JSON.stringify(SECRET).slice(1, -1), new URLSearchParams({ a: SECRET }).toString().slice(2)]) {
      expect(shown).to.not.contain(form);
      expect(sluice.output()).to.not.contain(form);
    }
  });

  it('says in its own words why it refuses, though it answers 200', async () => {
    vendor.answer(status(200, {}, '{"ok":false,"error":"no giraffes"}'));
    const { body: tenant } = await sluice.call('POST', '/v1/tenants', { name: 'Zoo 2' });
    const config = { apiKey: SECRET, region: 'south' };
    const { body: connection } = await sluice.call('POST', '/v1/connections', { definition: 'zoo-keeper', name: 'zoo', config }, tenant.apiKey);
    const questions = [{ key: 'name', title: 'Name', type: 'text', required: true }];
    const { body: form } = await sluice.call('POST', '/v1/forms', { title: 'F', questions }, tenant.apiKey);
    await sluice.call('POST', `/v1/forms/${form.id}/actions`, { definition: 'zoo-keeper', action: 'admit', connectionId: connection.id, input: { name: '{{ event.answers.name }}' } }, tenant.apiKey);
    const { body: response } = await sluice.call('POST', `/v1/forms/${form.id}/responses`, { answers: { name: 'Ann' } }, tenant.apiKey);
    const run = await eventually('the run fails', async () => {
      const { body } = await sluice.call('GET', `/v1/runs/${response.runs[0]}`, undefined, tenant.apiKey);
      return body.state === 'failed' && body;
    });
    expect(run.error).to.deep.include({ kind: 'config', message: 'The zoo says: no giraffes', rule: '/errors/0' });
  });
});
