import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { readNamedFiles } from '../../core/domains/definitions/named-files.ts';
import { compileDefinition } from '../../core/language/compile.ts';
import { covers } from '../../core/language/lint/covers.ts';
import { formatFinding, type DefinitionSource } from '../../core/language/source.ts';
import { registry } from './registry.ts';

const BROKEN = new URL('../fixtures/broken/', import.meta.url);

/** What `sluice lint` prints of a fixture, warnings marked. */
function lint(file: string, text: string, files: DefinitionSource['files'] = {}): string[] {
  return compileDefinition({ file, text, files }, registry).findings.map(
    (finding) => `${formatFinding(finding)}${finding.severity === 'warning' ? ' (warning)' : ''}`,
  );
}

const HEADER =
  'apiVersion: sluice/v1\nkind: integration\nid: a\nversion: 1.0.0\ntitle: A\nbaseUrl: https://a.example\n';

/** Lints a definition of one action with these steps. */
function lintSteps(...steps: string[]): string[] {
  const text = `${HEADER}actions:\n  act:\n    steps:\n${steps.map((step) => `      - ${step}\n`).join('')}`;
  return lint('a.yaml', text);
}

describe('lint', () => {
  for (const name of readdirSync(BROKEN).filter((name) => name.endsWith('.yaml'))) {
    it(`finds all that is wrong with broken/${name}, with place, value, what is accepted and a suggestion`, () => {
      const expected = readFileSync(new URL(name.replace('.yaml', '.txt'), BROKEN), 'utf8')
        .trimEnd()
        .split('\n');
      const text = readFileSync(new URL(name, BROKEN), 'utf8');
      expect(lint(name, text, readNamedFiles(fileURLToPath(new URL(name, BROKEN)), text))).to.deep.equal(expected);
    });
  }

  it('reports each later verb, modifier and body as known but not supported yet', () => {
    const found = lintSteps(
      '{ id: a, wait: PT1M }',
      '{ id: b, forEach: { in: [], steps: [] } }',
      '{ id: c, request: { method: GET, path: /x }, paginate: {} }',
      '{ id: d, request: { method: PUT, path: /x, multipart: {}, xml: {} } }',
      '{ id: e, request: { method: PUT, path: /x, bytes: { file: a } } }',
    );
    expect(found).to.have.length(6);
    for (const line of found)
      expect(line).to.match(/is part of the language but not supported by this version yet; /);
  });

  it('lets a step see those before it and those of its own branch', () => {
    const found = lintSteps(
      '{ id: one, set: { x: 1 } }',
      '{ id: two, switch: [ { when: "{{ eq steps.one.x 1 }}", steps: [ { id: a, set: { y: 1 } }, { id: b, set: { z: "{{ steps.a.y }}" } } ] }, { else: [ { id: c, set: { v: "{{ steps.b.z }}" } } ] } ] }',
      '{ id: last, fail: { message: "{{ default steps.b.z steps.c.v }}" } }',
    );
    expect(found.map((line) => line.slice(line.indexOf(' ') + 1))).to.deep.equal([
      'actions.act.steps[1].switch[1].else[0].set.v: The step "b" is in another branch, of which only one is taken.',
    ]);
  });

  it('lets an undo see what the steps after its own may have given, and nothing of another undo', () => {
    const found = lintSteps(
      '{ id: one, request: { method: PUT, path: /a }, undo: [ { id: stop, if: "{{ not steps.two.x }}", request: { method: DELETE, path: "/{{ default steps.two.x steps.three.x }}" } }, { id: gone, set: { y: "{{ steps.drop.z }}{{ steps.two.x }}" } } ] }',
      '{ id: two, request: { method: PUT, path: /b }, response: { outputs: { x: /x } }, undo: [ { id: drop, request: { method: DELETE, path: "/b" }, response: { outputs: { z: /z } } } ] }',
      '{ id: three, request: { method: PUT, path: "/c/{{ steps.two.x }}" }, response: { outputs: { x: /x } } }',
    );
    expect(found.filter((line) => !line.endsWith('(warning)')).map((line) => line.slice(line.indexOf(' ') + 1))).to.deep.equal([
      'actions.act.steps[0].undo[1].set.y: The step "drop" undoes "two"; what it gives is there for that `undo` only.',
      'actions.act.steps[0].undo[1].set.y: "steps.two" may be absent: an `undo` may begin before it was done. Write {{ optional steps.two.x }}, {{ default steps.two.x "..." }}.',
    ]);
  });

  it('knows what $map names inside', () => {
    const found = lintSteps(
      '{ id: a, set: { x: { $map: [1], each(e): "{{ e }}{{ f }}" } } }',
      '{ id: b, fail: { message: "{{ steps.a.x.[0] }}" } }',
    );
    expect(found).to.deep.equal([
      'a.yaml:10:61 actions.act.steps[0].set.x["each(e)"]: "f" is not declared; this place has: connection, app, tenant, input, event, run, now, steps.',
    ]);
  });

  it('checks the tests in the file beside it', () => {
    const text = `${HEADER}actions: { act: { steps: [ { id: a, set: { x: 1 } } ], outputs: { x: "{{ steps.a.x }}" } } }\n`;
    const beside = {
      file: 'a.test.yaml',
      text: 'tests:\n  - { name: one, action: akt }\n  - { action: act }\n',
    };
    const { findings, plan } = compileDefinition({ file: 'a.yaml', text, tests: beside }, registry);
    expect(findings.map(formatFinding)).to.deep.equal([
      'a.test.yaml:2:26 tests[0].action: There is no action "akt"; there are: act. Did you mean "act"?',
      'a.test.yaml:3:5 tests[1]: "name" is missing.',
    ]);
    expect(plan).to.equal(undefined);
  });
});

describe('a condition covers another', () => {
  const pairs: readonly (readonly [covers: boolean, earlier: unknown, later: unknown])[] = [
    [true, { status: '4xx' }, { status: [404, 410] }],
    [false, { status: 404 }, { status: '4xx' }],
    [true, {}, { status: 500 }],
    [false, { status: 500 }, {}],
    [true, { status: '4xx' }, { status: 400, body: { '/a': 1 } }],
    [false, { status: '4xx', body: { '/a': 1 } }, { status: 400 }],
    [true, { body: { '/a': [1, 2] } }, { body: { '/a': 2, '/b': 1 } }],
    [true, { body: { '/a': { exists: true } } }, { body: { '/a': 'x' } }],
    [false, { body: { '/a': { exists: true } } }, { body: { '/a': { exists: false } } }],
    [true, { headers: { 'X-A': 'b' } }, { headers: { 'x-a': 'b' } }],
    [true, { network: 'any' }, { network: ['dns', 'tls'] }],
    [false, { network: 'dns' }, { network: ['dns', 'tls'] }],
    [true, { any: [{ status: 500 }, { status: '4xx' }] }, { status: 404 }],
    [true, { status: '5xx' }, { any: [{ status: 500 }, { status: 503 }] }],
    [true, '{{ eq response.status 1 }}', '{{ eq response.status 1 }}'],
    [false, '{{ eq response.status 1 }}', { status: 1 }],
  ];
  for (const [expected, earlier, later] of pairs) {
    it(`${expected ? 'holds' : 'fails'} for ${JSON.stringify(earlier)} before ${JSON.stringify(later)}`, () => {
      expect(covers(earlier as string, later as string)).to.equal(expected);
    });
  }
});
