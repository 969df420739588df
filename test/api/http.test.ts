import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { expect } from 'chai';
import { parseJson } from '../../core/api/json-text.ts';
import { pathPattern } from '../../core/api/path.ts';
import { ROOT_KEY, testApi, type TestApi } from './test-api.ts';

describe('the API at the socket', () => {
  let api: TestApi;
  before(async () => {
    api = await testApi();
  });
  after(() => api.close());

  it('answers 404 for what is not there, and 405 with Allow for another method', async () => {
    const nothing = await api.call('GET', '/v1/nothing');
    expect([nothing.status, nothing.body.code, nothing.body.detail]).to.deep.equal([
      404,
      'NOT_FOUND',
      'There is nothing at /v1/nothing; /docs shows what there is.',
    ]);
    expect(nothing.body).to.have.all.keys('type', 'title', 'status', 'code', 'detail', 'errors', 'requestId');
    expect(nothing.headers.get('x-request-id')).to.equal(nothing.body.requestId);
    const method = await api.call('PUT', '/v1/forms');
    expect([method.status, method.body.code, method.headers.get('allow')]).to.deep.equal([
      405,
      'METHOD_NOT_ALLOWED',
      'POST, GET, HEAD',
    ]);
  });

  it('reads a colon also where it is percent-encoded, and never as a part of an id', async () => {
    const id = '01890000-0000-7000-8000-000000000000';
    for (const path of [`/v1/runs/${id}:replay`, `/v1/runs/${id}%3Areplay`, `/v1/runs/${id}%3areplay`]) {
      const answer = await api.call('POST', path);
      expect([answer.status, answer.body.detail]).to.deep.equal([404, 'There is no such run.']);
    }
    const unknown = await api.call('POST', `/v1/runs/${id}:explode`);
    expect(unknown.body.detail).to.match(/^There is nothing at/);
    const bulk = await api.call('POST', '/v1/runs%3Areplay', {});
    expect(bulk.status).to.equal(202);
    const broken = await api.call('GET', '/v1/runs/%ff');
    expect(broken.status).to.equal(400);
  });

  it('serves health, readiness, description and docs without a key', async () => {
    for (const path of ['/healthz', '/readyz', '/openapi.json', '/docs']) {
      const answer = await api.call('GET', path, undefined, { key: null });
      expect(answer.status, path).to.equal(200);
    }
    const metrics = await api.call('GET', '/metrics', undefined, { key: ROOT_KEY });
    expect(metrics.text).to.include('sluice_http_requests_total{method="GET",route="/docs",status="200"} 1');
  });

  it('describes every route, with schemas that stand by themselves', async () => {
    const { body } = await api.call('GET', '/openapi.json');
    expect(body.openapi).to.equal('3.1.0');
    expect(body.paths).to.include.keys(
      '/v1/forms/{id}/responses',
      '/v1/runs/{id}:replay',
      '/v1/runs:replay',
      '/f/{formId}',
      '/docs',
    );
    const submit = body.paths['/v1/forms/{id}/responses'].post;
    expect(submit.requestBody.content['application/json'].schema.required).to.deep.equal(['answers']);
    expect(submit.parameters.map(({ name }: { name: string }) => name)).to.deep.equal([
      'id',
      'Idempotency-Key',
    ]);
    const ids = Object.values(body.paths as Record<string, Record<string, { operationId: string }>>).flatMap(
      (path) => Object.values(path).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('answers HEAD as GET, without the body', async () => {
    const answer = await api.call('HEAD', '/v1/forms');
    expect([answer.status, answer.text]).to.deep.equal([200, '']);
  });

  it('names a query key that is not known', async () => {
    const answer = await api.call('GET', '/v1/forms?limt=3');
    expect(answer.body.errors).to.deep.equal([
      {
        path: '/query/limt',
        message: '"limt" is not known here; accepted are limit, cursor. Did you mean "limit"?',
      },
    ]);
    const state = await api.call('GET', '/v1/runs?state=fialed');
    expect(state.body.errors[0].message).to.include('Did you mean "failed"?');
  });

  it('says nothing of itself: no stack trace, no server header', async () => {
    const answer = await api.call('GET', '/v1/runs?from=yesterday');
    expect(answer.status).to.equal(422);
    expect(answer.text).not.to.match(/node_modules|at .*\.ts/);
    expect(answer.headers.get('x-powered-by')).to.equal(null);
    expect(answer.headers.get('x-content-type-options')).to.equal('nosniff');
  });

  it('refuses headers beyond 16 KiB', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = request(
        `${api.url}/healthz`,
        { headers: { 'x-long': 'x'.repeat(20_000) } },
        ({ statusCode }) => resolve(statusCode),
      );
      sent.on('error', reject).end();
    });
    expect(status).to.equal(431);
  });
});

describe('closing the API', () => {
  it('ends streams and refuses nothing that is under way', async () => {
    const api = await testApi();
    const form = await api.call('POST', '/v1/forms', { title: 'x', questions: [{ key: 'a', type: 'text' }] });
    const action = { definition: 'webhook', action: 'send', input: { data: 1 } };
    const secret = `whsec_${Buffer.alloc(32).toString('base64')}`;
    const config = { url: 'https://hooks.example.org/', secret };
    const connection = await api.call('POST', '/v1/connections', {
      definition: 'webhook',
      name: 'x',
      config,
    });
    await api.call('POST', `/v1/forms/${form.body.id}/actions`, {
      ...action,
      connectionId: connection.body.id,
    });
    const { body } = await api.call('POST', `/v1/forms/${form.body.id}/responses`, { answers: {} });
    const events = await fetch(`${api.url}/v1/runs/${body.runs[0]}/events`, {
      headers: { authorization: `Bearer ${api.key}` },
    });
    const text = events.text();
    await api.close();
    expect(await text).to.match(/^event: run\n/);
  });

  it('waits for no connection on which nothing was ever sent', async () => {
    const api = await testApi();
    const silent = connect(Number(new URL(api.url).port), '127.0.0.1');
    await once(silent, 'connect');
    const [closed] = await Promise.all([once(silent, 'close').then(() => 'closed'), api.close()]);
    expect(closed).to.equal('closed');
  }).timeout(5000);
});

describe('reading JSON', () => {
  const faultOf = (text: string): string => {
    try {
      parseJson(text);
      return 'none';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('finds the first character that may not stand where it does', () => {
    const places: [string, string][] = [
      ['{"a":1,}', 'unexpected "}" at line 1, column 8 (character 7)'],
      ['[1 2]', 'unexpected "2" at line 1, column 4 (character 3)'],
      ['{"a"\n "b"}', 'unexpected "\\"" at line 2, column 2 (character 6)'],
      ['{a:1}', 'unexpected "a" at line 1, column 2 (character 1)'],
      ['[1,]', 'unexpected "]" at line 1, column 4 (character 3)'],
      ['nul', 'unexpected "n" at line 1, column 1 (character 0)'],
      ['1 1', 'unexpected "1" at line 1, column 3 (character 2)'],
      ['["a\tb"]', 'unexpected "\\"" at line 1, column 2 (character 1)'],
      ['["\\x"]', 'unexpected "\\"" at line 1, column 2 (character 1)'],
      ['[01]', 'unexpected "1" at line 1, column 3 (character 2)'],
      ['{"a":"😀"]', 'unexpected "]" at line 1, column 10 (character 9)'],
      ['[', 'it ends too early, after 1 characters'],
    ];
    for (const [text, place] of places)
      expect(faultOf(text), text).to.equal(`The body is not valid JSON: ${place}.`);
  });

  it('counts depth outside of texts only', () => {
    expect(parseJson(JSON.stringify('['.repeat(100)))).to.equal('['.repeat(100));
    expect(parseJson(String.raw`"\"[[[[\\"`)).to.equal(String.raw`"[[[[` + '\\');
    expect(faultOf(`${'['.repeat(64)}${']'.repeat(64)}`)).to.equal('none');
    expect(faultOf(`${'['.repeat(65)}${']'.repeat(65)}`)).to.equal('The body nests deeper than 64 levels.');
  });
});

describe('paths', () => {
  it('match as they are written, and a parameter is one segment', () => {
    expect(pathPattern('/v1/runs/{id}').exec('/v1/runs/abc')?.groups).to.include({ id: 'abc' });
    for (const other of [
      '/v1/runs/abc:replay',
      '/v1/runs/abc%3Areplay',
      '/v1/runs/a/b',
      '/v1/runs/',
      '/v1/runsX',
    ]) {
      expect(pathPattern('/v1/runs/{id}').test(other), other).to.equal(false);
    }
    expect(pathPattern('/openapi.json').test('/openapiXjson')).to.equal(false);
  });
});
