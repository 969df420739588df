import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { JsonObject } from '../../core/kernel/json.ts';
import { DefinitionCache } from '../../core/language/cache.ts';
import { compileDefinition } from '../../core/language/compile.ts';
import type { Plan, RequestStep, Step } from '../../core/language/plan.ts';
import { formatFinding } from '../../core/language/source.ts';
import { registry } from './registry.ts';

const GOOD = readFileSync(new URL('../fixtures/good/acme-tickets.yaml', import.meta.url), 'utf8');

function compile(text: string, file = 'a.yaml'): Plan {
  const { plan, findings } = compileDefinition({ file, text }, registry);
  if (!plan) throw new Error(findings.map(formatFinding).join('\n'));
  return plan;
}

/** The first step of a definition's only action. */
function firstStep(step: string, more = ''): Step {
  const header =
    'apiVersion: sluice/v1\nkind: integration\nid: a\nversion: 1.0.0\ntitle: A\nbaseUrl: https://a.example\n';
  const input = '{ type: object, additionalProperties: true }';
  const plan = compile(`${header}${more}\nactions: { act: { input: ${input}, steps: [ ${step} ] } }\n`);
  return plan.pipelines.get('actions/act')!.steps[0]!;
}

function requestStep(request: string, more = ''): RequestStep {
  const step = firstStep(`{ id: one, request: { ${request} }, idempotency: { mode: safe } }`, more);
  if (step.verb !== 'request') throw new Error(`This is a ${step.verb} step.`);
  return step;
}

const scope = (input: JsonObject = {}) => ({
  connection: { id: 'c1', site: 'north', apiToken: 't0ken' },
  app: { appKey: 'k' },
  input,
  event: {},
  tenant: { id: 't', name: 'T' },
  run: { id: 'r', createdAt: '2026-01-01T00:00:00.000Z' },
  now: '2026-01-01T00:00:00.000Z',
  steps: {},
  step: { idempotencyKey: 'key-1' },
});

describe('a compiled definition', () => {
  const plan = compile(GOOD, 'acme-tickets.yaml');
  const open = plan.pipelines.get('actions/openTicket')!;
  const steps = new Map(open.steps.map((step) => [step.id, step]));
  const step = (id: string) => steps.get(id) as RequestStep;

  it('has no findings where nothing is wrong', () => {
    expect(compileDefinition({ file: 'acme-tickets.yaml', text: GOOD }, registry).findings).to.deep.equal([]);
  });

  it('carries its header, its hash and its pipelines', () => {
    const { kind, id, version, title, hash } = plan;
    expect({ kind, id, version, title }).to.deep.equal({
      kind: 'integration',
      id: 'acme-tickets',
      version: '1.2.0-rc.1',
      title: 'Acme Tickets',
    });
    expect(hash).to.equal(createHash('sha256').update(GOOD).digest('hex'));
    expect([...plan.pipelines.keys()]).to.deep.equal(['verify', 'actions/openTicket']);
  });

  it('is frozen through and through', () => {
    expect(() => ((plan.document as { id: string }).id = 'x')).to.throw(TypeError);
    expect(() => (open.steps as Step[]).pop()).to.throw(TypeError);
  });

  it('hashes the files it names, too', () => {
    const hash = (files: Record<string, string>) =>
      compileDefinition({ file: 'acme-tickets.yaml', text: GOOD, files }, registry).plan?.hash;
    expect(hash({ 'a.sql': 'select 1' })).to.not.equal(hash({ 'a.sql': 'select 2' }));
    expect(hash({ 'a.sql': '1', 'b.sql': '2' })).to.equal(hash({ 'b.sql': '2', 'a.sql': '1' }));
  });

  it('names its secrets and all of its errors rules', () => {
    expect(plan.secrets).to.deep.equal({ connection: ['/apiToken'], app: ['/appKey'] });
    expect(plan.rules).to.deep.equal([
      ...[0, 1, 2, 3, 4].map((i) => `/errors/${i}`),
      '/verify/errors/0',
      '/actions/openTicket/steps/2/switch/0/steps/0/errors/0',
    ]);
  });

  it('fills base URL and egress, and says where the host is a value', () => {
    expect(plan.baseUrl?.evaluate(scope())).to.equal('https://north.acme.example/v2');
    expect(plan.baseUrl?.guarded).to.equal(true);
    expect(plan.egress(scope())).to.deep.equal([
      'https://files.acme.example',
      'https://north-cdn.acme.example',
    ]);
    expect(() => plan.baseUrl?.evaluate({ connection: { site: 'evil.example/' } })).to.throw(/DNS labels/);
  });

  it('chooses among auth schemes', () => {
    const [basic, apiKey] = plan.auth;
    expect([basic?.scheme, apiKey?.scheme]).to.deep.equal(['basic', 'apiKey']);
    expect(basic?.if?.(scope())).to.equal(false);
    expect(apiKey?.if).to.equal(undefined);
    expect(apiKey?.config(scope())).to.deep.equal({ in: 'header', name: 'X-Api-Key', value: 't0ken:k' });
    expect(step('icon').auth).to.have.length(1);
  });

  it('merges definition and step: headers, query, retry, timeout, errors', () => {
    const { method, target, headers } = step('find').render(scope({ board: 'a b', title: 'T' }));
    expect({ method, target }).to.deep.equal({
      method: 'GET',
      target: '/boards/a%20b/x/y?locale=en&expand%5B%5D=owner&expand%5B%5D=labels&archived=false',
    });
    expect(headers).to.deep.equal({
      accept: 'application/json',
      'x-client': 'sluice',
      'x-api-version': '2022-06-28',
    });
    const { retry, timeoutMs } = step('find');
    expect(retry).to.deep.equal({
      maxAttempts: 9,
      maxElapsed: 3_600_000,
      backoff: { type: 'constant', initial: 1000, factor: 2, max: 600_000, jitter: 'none' },
      honor: ['retry-after'],
    });
    expect([timeoutMs, step('open').timeoutMs]).to.deep.equal([5000, 20_000]);
    expect(step('open').retry.backoff.initial).to.equal(2000);
    expect(step('find').errors.map(({ at }) => at)).to.deep.equal([0, 1, 2, 3, 4].map((i) => `/errors/${i}`));
  });

  it('takes the idempotency of the step, of its method, of its action', () => {
    expect(step('find').idempotency).to.deep.equal({ mode: 'safe' });
    expect(step('attach').idempotency).to.deep.equal({ mode: 'safe' });
    expect(step('open').idempotency).to.deep.equal({ mode: 'key', validFor: 86_400_000 });
    expect(step('icon').idempotency).to.deep.equal({ mode: 'once' });
  });

  it('gives steps inside others the path of those around them', () => {
    const choose = steps.get('choose');
    if (choose?.verb !== 'switch') throw new Error('choose is no switch');
    expect(choose.branches.map(({ steps }) => steps.map(({ path }) => path))).to.deep.equal([
      ['choose/page'],
      ['choose/refuse'],
      ['choose/log'],
    ]);
    expect(choose.branches.map(({ when }) => when?.(scope({ priority: 5, labels: ['x'] })))).to.deep.equal([
      true,
      false,
      undefined,
    ]);
  });

  it('keeps types in a JSON body, and drops what is absent', () => {
    const seen = { ...scope({ board: 'b', title: 'T', labels: ['x'] }), steps: { find: { boardId: 7 } } };
    const { body, headers } = step('open').render(seen);
    expect(JSON.parse((body as { text: string }).text)).to.deep.equal({
      key: 'key-1',
      title: 'T',
      labels: ['x'],
      source: '{"event":{}}',
      b: true,
    });
    expect(headers['content-type']).to.equal('application/json');
  });

  it('takes outputs by pointer and by template, and none where there is nothing', () => {
    const { outputs, maxBytes } = step('find').response;
    const answer = { status: 200, headers: { etag: 'e1' }, body: { board: { id: 7, owner: [] } } };
    expect(outputs['boardId']?.(scope(), answer)).to.equal(7);
    expect(outputs['etag']?.(scope(), answer)).to.equal('e1');
    expect(typeof outputs['owner']?.(scope(), answer)).to.equal('symbol');
    expect(maxBytes).to.equal(1024 * 1024);
    expect(step('find').response.schema?.({})).to.deep.equal([{ path: '/board', message: '"board" is missing.' }]);
  });

  it('reads its tests', () => {
    const { tests } = compileDefinition({ file: 'acme-tickets.yaml', text: GOOD }, registry);
    expect(tests.map(({ name }) => name)).to.deep.equal(['pages for the highest priority', 'verifies']);
    expect(tests[0]?.exchanges?.[1]).to.deep.equal({
      times: 2,
      expect: { method: 'POST' },
      reply: { fault: 'reset' },
    });
  });

  it('is compiled once for a text', () => {
    const cache = new DefinitionCache(registry);
    const source = { file: 'acme-tickets.yaml', text: GOOD };
    expect(cache.compile(source)).to.equal(cache.compile({ ...source }));
    expect(cache.compile(source)).to.not.equal(cache.compile({ ...source, text: `${GOOD}\n# changed\n` }));
  });
});

describe('a rendered request', () => {
  it('writes a form, with brackets and repeats', () => {
    const { body, headers } = requestStep(
      'method: POST, path: /x, form: { "to[]": [a, b], at: { x: 1 }, none: null, note: "a b" }',
    ).render(scope());
    expect(body).to.deep.equal({ text: 'to%5B%5D=a&to%5B%5D=b&at%5Bx%5D=1&note=a+b' });
    expect(headers).to.deep.equal({ 'content-type': 'application/x-www-form-urlencoded' });
  });

  it('writes ndjson with a line for each item, the last one ended', () => {
    const { body } = requestStep(
      'method: POST, path: /x, ndjson: { $map: "{{ input.list }}", each(e): { n: "{{ e }}" } }',
    ).render(scope({ list: [1, 2] }));
    expect(body).to.deep.equal({ text: '{"n":1}\n{"n":2}\n' });
  });

  it("writes text and bytes, and keeps an author's Content-Type", () => {
    const text = requestStep(
      'method: POST, path: /x, headers: { Content-Type: text/markdown }, text: "# {{ input.a }}"',
    ).render(scope({ a: 'ü' }));
    expect([text.body, text.headers]).to.deep.equal([{ text: '# ü' }, { 'content-type': 'text/markdown' }]);
    const bytes = requestStep('method: PUT, path: /x, bytes: "{{ base64 input.a }}"').render(
      scope({ a: 'hi' }),
    );
    expect(bytes.body).to.deep.equal({ base64: 'aGk=' });
    expect(() =>
      requestStep('method: PUT, path: /x, bytes: "{{ input.a }}"').render(scope({ a: 'hi!' })),
    ).to.throw(/base64/);
  });

  it('has neither body nor Content-Type where the body is absent', () => {
    const { body, headers } = requestStep('method: POST, path: /x, json: "{{ optional input.a }}"').render(
      scope(),
    );
    expect([body, headers]).to.deep.equal([undefined, {}]);
  });

  it("drops a header that is null, the definition's too", () => {
    const { headers } = requestStep(
      'method: GET, path: /x, headers: { ACCEPT: null, X-B: 2 }',
      'headers: { Accept: text/plain, X-A: "1" }',
    ).render(scope());
    expect(headers).to.deep.equal({ 'x-a': '1', 'x-b': '2' });
  });

  it('refuses CR and LF in headers', () => {
    expect(() =>
      requestStep('method: GET, path: /x, headers: { X-A: "{{ input.a }}" }').render(
        scope({ a: 'b\r\nc: d' }),
      ),
    ).to.throw(/CR/);
  });

  for (const value of ['', '.', '..']) {
    it(`refuses ${JSON.stringify(value)} as a segment of a path`, () => {
      expect(() =>
        requestStep('method: GET, path: "/x/{{ input.a }}"').render(scope({ a: value })),
      ).to.throw();
    });
  }

  it('keeps a segment one segment', () => {
    const { target } = requestStep('method: GET, path: "/x/{{ input.a }}:go"').render(scope({ a: '/?#@é' }));
    expect(target).to.equal('/x/%2F%3F%23%40%C3%A9:go');
  });

  it('keeps the slashes of three braces', () => {
    const { target } = requestStep('method: GET, path: "/{{{ input.a }}}?b=1", query: { c: 2 }').render(
      scope({ a: 'operations/1' }),
    );
    expect(target).to.equal('/operations/1?b=1&c=2');
  });

  it('takes a whole URL from a value, and says that its host is one', () => {
    const step = requestStep('method: POST, url: "{{ input.url }}", query: { a: 1 }');
    const { target, absolute, guarded } = step.render(scope({ url: 'https://hooks.example/in?x=1' }));
    expect({ target, absolute, guarded }).to.deep.equal({
      target: 'https://hooks.example/in?x=1&a=1',
      absolute: true,
      guarded: true,
    });
    for (const url of ['ftp://a.example', 'hooks.example', 'https://u:p@a.example', '']) {
      expect(() => step.render(scope({ url })), url).to.throw();
    }
  });

  it('is the same each time', () => {
    const step = requestStep(
      'method: POST, path: /x, json: { at: "{{ now }}", key: "{{ step.idempotencyKey }}" }',
    );
    expect(step.render(scope())).to.deep.equal(step.render(scope()));
  });
});

describe('a set step', () => {
  it('keeps the types of its values', () => {
    const step = firstStep('{ id: one, set: { list: "{{ input.list }}", text: "{{ input.n }}!" } }');
    if (step.verb !== 'set') throw new Error('no set step');
    const seen = scope({ list: [1], n: 2 });
    expect([step.values['list']?.(seen), step.values['text']?.(seen)]).to.deep.equal([[1], '2!']);
  });
});
