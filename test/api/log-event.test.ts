import { expect } from 'chai';
import { eventually } from '../support/sluice-process.ts';
import { logApi, type LogApi } from './log-shards.ts';
import type { Answer } from './test-api.ts';

const QUESTIONS = [
  { key: 'plan', type: 'text', required: true },
  { key: 'seats', type: 'integer' },
  { key: 'note', type: 'text' },
];

describe('a form response that becomes a log event', () => {
  let api: LogApi;
  before(async () => {
    api = await logApi();
    await api.startWorker();
  });
  after(() => api.close());

  /** A form whose action keeps its answers in a family. */
  async function formInto(family: string, schema: object = { plan: 'string', seats: 'int', note: 'string' }): Promise<string> {
    const made = await api.call('POST', '/v1/forms', { title: 'Sign up', questions: QUESTIONS });
    const form = `/v1/forms/${made.body.id}`;
    const fields = { plan: '{{ event.answers.plan }}', seats: '{{ event.answers.seats }}', note: '{{ event.answers.note }}' };
    const attached = await api.call('POST', `${form}/actions`, { definition: 'log-event', action: 'append', input: { family, schema, fields } });
    expect(attached.status, attached.text).to.equal(201);
    return form;
  }
  async function submit(form: string, answers: object): Promise<string> {
    const { status, text, body } = await api.call('POST', `${form}/responses`, { answers });
    expect(status, text).to.equal(201);
    return body.runs[0];
  }
  const run = async (id: string): Promise<Answer['body']> => (await api.call('GET', `/v1/runs/${id}`)).body;
  const inState = (id: string, state: string): Promise<Answer['body']> =>
    eventually(`the run is ${state}`, async () => {
      const found = await run(id);
      return found.state === state && found;
    });

  it('is in the typed table once, with what was not answered left out', async () => {
    const form = await formInto('signups');
    const runs = [await submit(form, { plan: 'pro', seats: 3, note: "it's" }), await submit(form, { plan: 'free' })];
    for (const id of runs) await inState(id, 'succeeded');
    const { body } = await api.call('POST', '/api/query', { query: 'SELECT plan, seats, note FROM signups ORDER BY plan' });
    expect(body.results).to.deep.equal([
      { note: null, plan: 'free', seats: null },
      { note: "it's", plan: 'pro', seats: 3 },
    ]);
  });

  it('is once there, too, where its run is carried out again', async () => {
    const form = await formInto('repeated');
    const id = await submit(form, { plan: 'pro' });
    await inState(id, 'succeeded');
    // As after a crash between the answer and its record: the same run under the same key.
    await api.db.engine.query(
      `UPDATE runs SET state = 'queued', due_at = now(), cursor = '{"steps":{},"generation":0}', finished_at = NULL WHERE id = $1`,
      [id],
    );
    await api.db.engine.query(`SELECT pg_notify('sluice_runs', '')`);
    await inState(id, 'succeeded');
    expect((await run(id)).steps).to.have.length(2);
    expect(await api.stored('repeated')).to.have.length(1);
  });

  it('fails with the reason where a field has the wrong type, and stores nothing', async () => {
    const form = await formInto('typed', { plan: 'int', seats: 'int' });
    const failed = await inState(await submit(form, { plan: 'pro', seats: 1 }), 'failed');
    expect(failed.error).to.deep.include({ kind: 'config', step: 'append' });
    expect(failed.error.message).to.contain('/logs/0/plan').and.contain('whole number');
    expect(await api.stored('typed')).to.equal(undefined);
  });

  it('waits for a shard that is away, and is there once afterwards', async () => {
    const form = await formInto('patient');
    await inState(await submit(form, { plan: 'one' }), 'succeeded');
    await setShards('down');
    const id = await submit(form, { plan: 'two' });
    const waits = await inState(id, 'waiting');
    expect(waits.steps.at(-1)).to.deep.include({ step: 'append', state: 'waiting' });
    await setShards('active');
    await api.db.engine.query('UPDATE runs SET due_at = now() WHERE id = $1', [id]);
    await api.db.engine.query(`SELECT pg_notify('sluice_runs', '')`);
    await inState(id, 'succeeded');
    expect((await api.stored('patient'))!.map(({ plan }) => plan)).to.deep.equal(['one', 'two']);
  });

  async function setShards(state: 'down' | 'active'): Promise<void> {
    await api.db.engine.query('UPDATE log_shards SET state = $1', [state]);
    await api.db.engine.query(`SELECT pg_notify('sluice_changes', 'logShard:00000000-0000-0000-0000-000000000000:logs1')`);
    await eventually(`the shards are ${state}`, async () => (await api.logs.shards.all()).every((shard) => shard.state === state));
  }
});
