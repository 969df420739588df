import { expect } from 'chai';
import type { Json } from '../../core/kernel/json.ts';
import { testApi, type Answer, type TestApi } from './test-api.ts';

const DEFINITION = `
apiVersion: sluice/v1
kind: integration
id: two-steps
version: 1.0.0
title: Two steps
baseUrl: https://api.two-steps.test
actions:
  go:
    steps:
      - id: look
        request: { method: GET, path: /look }
      - id: make
        request: { method: POST, path: /make, json: {} }
        idempotency: { mode: once }
      - id: tell
        request: { method: POST, path: /tell, json: {} }
        idempotency: { mode: header, header: Idempotency-Key }
`;

describe('runs', () => {
  let api: TestApi;
  let responses: string;
  before(async () => {
    api = await testApi({ definitions: { 'two-steps.yaml': DEFINITION } });
    const form = await api.call('POST', '/v1/forms', { title: 'x', questions: [{ key: 'a', type: 'text' }] });
    const action = { definition: 'two-steps', action: 'go', input: {} };
    const attached = await api.call('POST', `/v1/forms/${form.body.id}/actions`, action);
    expect(attached.status, attached.text).to.equal(201);
    responses = `/v1/forms/${form.body.id}/responses`;
  });
  after(() => api.close());

  /** A run in the state that a worker would have left it in. */
  const runIn = async (state: string, more: { cursor?: Json; error?: Json } = {}): Promise<string> => {
    const { body } = await api.call('POST', responses, { answers: {} });
    const id: string = body.runs[0];
    await api.db.engine.query(
      `UPDATE runs SET state = $2, cursor = $3, error = $4, finished_at = now(),
         due_at = CASE WHEN $2 = 'waiting' THEN now() + interval '1 hour' END WHERE id = $1`,
      [
        id,
        state,
        JSON.stringify(more.cursor ?? { steps: {}, generation: 0 }),
        more.error ? JSON.stringify(more.error) : null,
      ],
    );
    return id;
  };
  const cursorOf = async (id: string): Promise<Json> => {
    const { rows } = await api.db.engine.query<{ cursor: Json }>('SELECT cursor FROM runs WHERE id = $1', [
      id,
    ]);
    return rows[0]!.cursor;
  };
  const done = (outputs: Json = {}): Json => ({ state: 'succeeded', outputs });
  const intent = (step: string): Json => ({
    step,
    key: 'k',
    request: { method: 'POST', target: '/make', absolute: false, guarded: false, headers: {} },
    attempt: 1,
    firstSentAt: 0,
    standing: 'doubt',
  });

  it('show their trace, one element an attempt, in order', async () => {
    const id = await runIn('failed');
    await api.db.engine.query(
      `INSERT INTO run_steps (tenant_id, run_id, step, attempt, state, rule, wait_ms, status, request, response, started_at, finished_at)
       VALUES ($1, $2, 'look', 1, 'waiting', '/errors/0', 2000, 429, '{"method":"GET"}', NULL, now(), now()),
              ($1, $2, 'look', 2, 'succeeded', NULL, NULL, 200, '{"method":"GET"}', '{"status":200}', now(), now())`,
      [api.tenantId, id],
    );
    const { body } = await api.call('GET', `/v1/runs/${id}`);
    expect(
      body.steps.map(({ step, attempt, state, rule, wait, status }: Record<string, Json>) => [
        step,
        attempt,
        state,
        rule,
        wait,
        status,
      ]),
    ).to.deep.equal([
      ['look', 1, 'waiting', '/errors/0', 'PT2S', 429],
      ['look', 2, 'succeeded', null, null, 200],
    ]);
  });

  it('are replayed from the failed step under a new key, keeping what succeeded', async () => {
    const id = await runIn('failed', {
      cursor: {
        steps: { look: done({ a: 1 }), make: done() },
        generation: 0,
        intent: { ...(intent('tell') as object), standing: 'none' },
      },
      error: { kind: 'config', message: 'refused', step: 'tell', rule: '/errors/1' },
    });
    const shown = await api.call('GET', `/v1/runs/${id}`);
    expect(shown.body.error).to.deep.equal({
      kind: 'config',
      message: 'refused',
      rule: '/errors/1',
      step: 'tell',
    });
    const replayed = await api.call('POST', `/v1/runs/${id}:replay`, { from: 'failedStep' });
    expect([
      replayed.status,
      replayed.headers.get('location'),
      replayed.headers.get('retry-after'),
    ]).to.deep.equal([202, `/v1/runs/${id}`, '1']);
    expect(replayed.body).to.deep.include({ state: 'queued', error: null, finishedAt: null, repeats: [] });
    expect(await cursorOf(id)).to.deep.equal({
      steps: { look: done({ a: 1 }), make: done() },
      generation: 0,
      stepGenerations: { tell: 1 },
    });
    const again = await api.call('POST', `/v1/runs/${id}:replay`);
    expect([again.status, again.body.code, again.body.detail]).to.deep.equal([
      409,
      'RUN_NOT_REPLAYABLE',
      'The run is queued; from failedStep one is replayed that is failed, needs_review, cancelled.',
    ]);
  });

  it('are replayed from the start, and say which effects happen once more', async () => {
    const id = await runIn('succeeded', {
      cursor: { steps: { look: done(), make: done(), tell: done() }, generation: 2 },
    });
    expect((await api.call('POST', `/v1/runs/${id}:replay`, { from: 'failedStep' })).status).to.equal(409);
    const replayed = await api.call('POST', `/v1/runs/${id}:replay`, { from: 'start', definition: 'latest' });
    expect([replayed.status, replayed.body.repeats]).to.deep.equal([202, ['make', 'tell']]);
    expect(await cursorOf(id)).to.deep.equal({ steps: {}, generation: 3 });
  });

  it('that left something behind are not replayed from the start before that is undone', async () => {
    const cursor = {
      steps: { note: done() },
      generation: 0,
      effects: [{ step: 'note', state: 'leaked' }],
      rollback: { ends: 'failed' },
    };
    const id = await runIn('failed', { cursor, error: { kind: 'config', message: 'no' } });
    const refused = await api.call('POST', `/v1/runs/${id}:replay`, { from: 'start' });
    expect([refused.status, refused.body.code]).to.deep.equal([409, 'RUN_NOT_REPLAYABLE']);
    expect(refused.body.detail).to.include('failedStep first');
    expect((await api.call('POST', `/v1/runs/${id}:replay`, { from: 'failedStep' })).body.state).to.equal('rolling_back');
  });

  it('in review say that a replay repeats the step in doubt', async () => {
    const id = await runIn('needs_review', {
      cursor: { steps: { look: done() }, generation: 0, intent: intent('make') },
    });
    const replayed = await api.call('POST', `/v1/runs/${id}:replay`);
    expect([replayed.status, replayed.body.repeats]).to.deep.equal([202, ['make']]);
  });

  it('in review are resolved as done, with outputs, or as not done', async () => {
    const cursor = { steps: { look: done() }, generation: 0, intent: intent('make') };
    const one = await runIn('needs_review', { cursor });
    const resolved = await api.call('POST', `/v1/runs/${one}:resolve`, {
      outcome: 'done',
      outputs: { id: 7 },
    });
    expect([resolved.status, resolved.body.state]).to.deep.equal([202, 'queued']);
    expect(await cursorOf(one)).to.deep.equal({
      steps: { look: done(), make: done({ id: 7 }) },
      generation: 0,
    });
    const two = await runIn('needs_review', { cursor });
    await api.call('POST', `/v1/runs/${two}:resolve`, { outcome: 'notDone' });
    expect(await cursorOf(two)).to.deep.equal({
      ...cursor,
      intent: { ...(intent('make') as object), standing: 'none', attempt: 0 },
    });
    const again = await api.call('POST', `/v1/runs/${two}:resolve`, { outcome: 'done' });
    expect([again.status, again.body.code]).to.deep.equal([409, 'RUN_NOT_IN_REVIEW']);
    const bad = await api.call('POST', `/v1/runs/${two}:resolve`, { outcome: 'maybe' });
    expect(bad.body.errors).to.deep.equal([
      { path: '/outcome', message: '"maybe" is not one of done, notDone.' },
    ]);
  });

  it('are replayed in bulk by a filter', async () => {
    const form = await api.call('POST', '/v1/forms', { title: 'x', questions: [{ key: 'a', type: 'text' }] });
    expect(form.status).to.equal(201);
    const [a, b] = [await runIn('failed'), await runIn('failed')];
    const c = await runIn('cancelled');
    const bulk = await api.call('POST', '/v1/runs:replay', {
      from: 'start',
      filter: { definition: 'two-steps' },
    });
    expect(bulk.status).to.equal(202);
    expect(bulk.body.replayed).to.include.members([a, b]).and.not.include(c);
    expect(bulk.body.more).to.equal(false);
    const one = await api.call('POST', '/v1/runs:replay', { state: 'cancelled', limit: 1 });
    expect(one.body.replayed).to.deep.equal([c]);
  });

  it('are cancelled while they wait, asked to stop while they run, and not once they have ended', async () => {
    const waiting = await runIn('waiting');
    const cancelled = await api.call('POST', `/v1/runs/${waiting}:cancel`);
    expect([cancelled.status, cancelled.body.state]).to.deep.equal([202, 'cancelled']);
    const running = await runIn('running');
    const asked = await api.call('POST', `/v1/runs/${running}:cancel`);
    expect(asked.body).to.include({ state: 'running', cancelRequested: true });
    const ended = await api.call('POST', `/v1/runs/${waiting}:cancel`);
    expect([ended.status, ended.body.code]).to.deep.equal([409, 'NOT_CANCELLABLE']);
    const undone = await api.call('POST', `/v1/runs/${await runIn('rolling_back')}:cancel`);
    expect([undone.status, undone.body.code]).to.deep.equal([409, 'NOT_CANCELLABLE']);
    expect(undone.body.detail).to.include('rolling_back');
  });

  it('are not replayed while another that has not ended has their exclusive key, alone or in bulk', async () => {
    const [first, second] = [await runIn('failed'), await runIn('failed')];
    await api.db.engine.query(`UPDATE runs SET exclusive_key = 'one' WHERE id = ANY ($1)`, [[first, second]]);
    const bulk = await api.call('POST', '/v1/runs:replay', { from: 'start', state: 'failed' });
    expect(bulk.status).to.equal(202);
    expect(bulk.body.replayed.filter((id: string) => id === first || id === second)).to.have.length(1);
    expect(bulk.body.refused).to.have.length(1);
    const { id, message } = bulk.body.refused[0];
    expect(message).to.include('"one"');
    const alone = await api.call('POST', `/v1/runs/${id}:replay`, { from: 'start' });
    expect([alone.status, alone.body.code]).to.deep.equal([409, 'RUN_NOT_REPLAYABLE']);
  });

  it('are seen by their tenant only', async () => {
    const id = await runIn('failed');
    const other = await api.newTenant('Other');
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/events'],
      ['POST', ':replay'],
      ['POST', ':cancel'],
      ['POST', ':resolve'],
    ] as const) {
      const answer = await api.call(method, `/v1/runs/${id}${path}`, undefined, { key: other.apiKey });
      expect(answer.status, path).to.equal(404);
    }
    const bulk = await api.call('POST', '/v1/runs:replay', {}, { key: other.apiKey });
    expect(bulk.body.replayed).to.deep.equal([]);
  });

  it('are followed as server-sent events until they end', async () => {
    const id = await runIn('waiting');
    const answer = await fetch(`${api.url}/v1/runs/${id}/events`, {
      headers: { authorization: `Bearer ${api.key}` },
    });
    expect(answer.headers.get('content-type')).to.equal('text/event-stream; charset=utf-8');
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    const first = await reader.read();
    expect(first.value).to.match(/^event: run\nid: \d+\ndata: \{"id":/);
    await api.call('POST', `/v1/runs/${id}:cancel`);
    let rest = '';
    for (let part = await reader.read(); !part.done; part = await reader.read()) rest += part.value;
    expect(rest).to.include('"state":"cancelled"');
    const last = /id: (\d+)/.exec(rest)![1]!;
    const after: Answer = await api.call('GET', `/v1/runs/${id}/events`, undefined, {
      headers: { 'last-event-id': last },
    });
    expect(after.text).to.equal('');
  });
});
