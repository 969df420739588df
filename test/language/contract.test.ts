import { readFileSync, readdirSync } from 'node:fs';
import { expect } from 'chai';
import { compileDefinition } from '../../core/language/compile.ts';
import { formatFinding } from '../../core/language/source.ts';
import { runDefinitionTests, type TestResult } from '../../core/runtime/testing/run-tests.ts';
import { registry } from './registry.ts';

const FOLDER = new URL('../fixtures/contract/', import.meta.url);

/** The language's sentences, each as a definition with tests of its own. */
const DEFINITIONS = readdirSync(FOLDER).filter((file) => file !== 'failing.yaml');

async function resultsOf(file: string): Promise<TestResult[]> {
  const source = { file, text: readFileSync(new URL(file, FOLDER), 'utf8') };
  const { plan, tests, findings } = compileDefinition(source, registry);
  expect(findings.map(formatFinding)).to.deep.equal([]);
  const results: TestResult[] = [];
  for await (const result of runDefinitionTests(plan!, tests, registry)) results.push(result);
  return results;
}

describe('a definition of the contract', () => {
  for (const file of DEFINITIONS) {
    it(`${file} lints clean and passes its tests`, async () => {
      const failed = (await resultsOf(file)).filter(({ passed }) => !passed);
      expect(failed.map(({ name, failures }) => [name, ...failures])).to.deep.equal([]);
    });
  }
});

describe('a failing test', () => {
  let results: ReadonlyMap<string, readonly string[]>;

  before(async () => {
    const all = await resultsOf('failing.yaml');
    results = new Map(all.map(({ name, failures }) => [name, failures]));
  });

  it('says of each part of a request what was expected and what came, and nothing of the end it was put to', () => {
    expect(results.get('wrong json')).to.deep.equal([
      [
        'request 1, POST api.acme.example/v1/a?q=1, is not the one expected:',
        'method: expected PUT, got POST',
        'path: expected /v1/b, got /v1/a',
        'query q: expected ["2"], got ["1"]',
        'query z: expected ["1"], got nothing',
        'header x: expected "y", got nothing',
        'json /a: expected 2, got 1',
      ].join('\n    '),
    ]);
  });

  it('names an unexpected request, and an exchange that was not used', () => {
    expect(results.get('unexpected')).to.deep.equal([
      'request 1, POST api.acme.example/v1/a?q=1, is not the one expected:\n    no further request was expected',
    ]);
    expect(results.get('unused')).to.deep.equal([
      '1 of 2 exchanges were not used, the first of them exchange 2: {"method":"GET"}',
    ]);
  });

  it('compares what it asserts, one line each', () => {
    expect(results.get('outputs')).to.deep.equal([
      'state: expected failed, got succeeded',
      'attempts: expected 3, got 1',
      'waits: expected ["PT1S"], got [] (/: expected 1 elements, got 0: [])',
      'outputs: expected {"id":6}, got {"id":5} (/id: expected 6, got 5)',
      'error.kind: expected "config", got nothing',
      'error.message: expected one that contains "hmm", got nothing',
      'rule: expected "default/500" to match, got []',
    ]);
  });

  it('names a step type that is not the one expected, and a request where one was', () => {
    const surprises = ['other step type', 'other settings', 'request for a step type', 'step type for a request'];
    expect(surprises.map((name) => results.get(name)?.[0])).to.deep.equal([
      'request 1, use findBox with {"name":"a"}, is not the one expected:\n    use: expected makeBox, got findBox',
      'request 1, use findBox with {"name":"a"}, is not the one expected:\n    with /name: expected "b", got "a"',
      'request 2, PUT api.acme.example/v1/c, is not the one expected:\n    expected the step type findBox, got a request',
      'request 1, use findBox with {"name":"a"}, is not the one expected:\n    expected a request, got a step type',
    ]);
  });

  it('compares what became of effects, polls, health and events', () => {
    expect(results.get('what was undone')).to.deep.equal([
      'polls: expected 2, got 0',
      'items.delivered: expected 1, got nothing',
      'healthy: expected false, got true',
      'error.code: expected "NOT_FOUND", got nothing',
      'undone: expected ["c"], got [] (/: expected 1 elements, got 0: [])',
      'leaked: expected ["c"], got [] (/: expected 1 elements, got 0: [])',
    ]);
  });

  it('takes the same wait in another form, and part of a JSON body, for what it is', () => {
    expect(results.get('waitform')).to.deep.equal([]);
    expect(results.get('contains ok')).to.deep.equal([]);
    expect(results.get('json extra')).to.have.length(1);
    expect(results.get('contains list')).to.have.length(1);
  });
});

describe('a JSON Schema that is well formed and cannot be used', () => {
  const findingsOf = (action: string): string[] => {
    const text = `apiVersion: sluice/v1\nkind: integration\nid: a\nversion: 1.0.0\ntitle: A\nbaseUrl: https://a.example\nactions:\n  go: ${action}\n`;
    return compileDefinition({ file: 'a.yaml', text }, registry).findings.map(({ path, message }) => `${path}: ${message}`);
  };

  it('is a finding where it describes an answer', () => {
    const step = '{ id: s, request: { method: GET, path: / }, response: { schema: { $ref: "#/nope" } } }';
    expect(findingsOf(`{ steps: [ ${step} ] }`)).to.deep.equal([
      "actions.go.steps[0].response.schema: This JSON Schema cannot be used: can't resolve reference #/nope from id #.",
    ]);
  });

  it('is a finding where it describes an input, with a default beside it', () => {
    const input = '{ type: object, properties: { x: { id: q, default: 1 } } }';
    expect(findingsOf(`{ input: ${input}, steps: [ { id: s, request: { method: GET, path: / } } ] }`)).to.deep.equal([
      'actions.go.input: This JSON Schema cannot be used: NOT SUPPORTED: keyword "id", use "$id" for schema ID.',
      'actions.go.input.properties.x.id: "id" is not a keyword of JSON Schema. Did you mean "$id"?',
    ]);
  });
});
