import { expect } from 'chai';
import type { Json } from '../../core/kernel/json.ts';
import { compileCondition } from '../../core/language/condition.ts';
import type { AnswerView, Scope } from '../../core/language/plan.ts';
import { PatternError, compilePattern } from '../../core/language/regexp.ts';
import type { TreeFinding } from '../../core/language/tree.ts';

const answer = (view: Partial<AnswerView>): AnswerView => ({ headers: {}, body: undefined, ...view });

const holds = (node: Json, view?: Partial<AnswerView>, scope: Scope = {}): boolean => {
  const findings: TreeFinding[] = [];
  const { evaluate } = compileCondition(node, findings);
  expect(findings).to.deep.equal([]);
  return evaluate(scope, view && answer(view));
};

const finding = (node: Json): TreeFinding => {
  const findings: TreeFinding[] = [];
  const { evaluate } = compileCondition(node, findings, '/when');
  expect(evaluate({}, answer({ status: 200 }))).to.equal(false);
  expect(findings).to.have.length(1);
  return findings[0]!;
};

describe('a condition', () => {
  it('is a template, true or false by the rules of values', () => {
    expect(holds('{{ not input.bot }}', undefined, { input: {} })).to.equal(true);
    expect(holds('{{ optional input.bot }}', undefined, { input: {} })).to.equal(false);
    expect(holds('{{ input.list }}', undefined, { input: { list: [] } })).to.equal(false);
    expect(holds('{{ input.bot }}', undefined, { input: {} })).to.equal(false);
    expect(holds('{{ eq response.body.error.code 5 }}', { status: 200, body: {} })).to.equal(false);
    expect(holds({ body: { '/id': '{{ input.id }}' } }, { status: 200, body: { id: 1 } }, { input: {} })).to.equal(false);
  });

  it('compares the status with numbers and classes', () => {
    expect(holds({ status: 403 }, { status: 403 })).to.equal(true);
    expect(holds({ status: [400, '5xx'] }, { status: 503 })).to.equal(true);
    expect(holds({ status: '4xx' }, { status: 500 })).to.equal(false);
    expect(holds({ status: '4xx' }, { network: 'timeout' })).to.equal(false);
    expect(holds({ status: 200 })).to.equal(false);
  });

  it('compares values of the body strictly', () => {
    const body = { error: { status: 'RESOURCE_EXHAUSTED', code: 8, details: null, tags: ['a'] }, ok: false };
    const test = (expected: Json): boolean => holds({ body: expected }, { status: 200, body });
    expect(test({ '/error/status': 'RESOURCE_EXHAUSTED' })).to.equal(true);
    expect(test({ '/error/code': '8' })).to.equal(false);
    expect(test({ '/error/code': [7, 8] })).to.equal(true);
    expect(test({ '/ok': false, '/error/code': 9 })).to.equal(false);
    expect(test({ '/error/details': null })).to.equal(true);
    expect(test({ '/error/none': null })).to.equal(false);
    expect(test({ '/error/details': { exists: true }, '/none': { exists: false } })).to.equal(true);
    expect(test({ '/error/status': { matches: 'EXHAUST' } })).to.equal(true);
    expect(test({ '/error/status': { matches: '^EXHAUST' } })).to.equal(false);
    expect(test({ '/error/code': { matches: '8' } })).to.equal(false);
    expect(test({ '/error/tags': [['a']] })).to.equal(true);
    expect(test({ '/constructor': { exists: false }, '/error/__proto__': { exists: false } })).to.equal(true);
    expect(test({ '': [body] })).to.equal(true);
  });

  it('compares headers as text, by any case of their names', () => {
    const headers = { 'x-left': '0', 'x-kind': 'Quota exceeded' };
    expect(holds({ headers: { 'X-Left': 0 } }, { status: 200, headers })).to.equal(true);
    expect(
      holds(
        { headers: { 'x-left': ['1', '0'], 'x-kind': { matches: 'exceeded$' } } },
        { status: 200, headers },
      ),
    ).to.equal(true);
    expect(holds({ headers: { toString: { exists: true } } }, { status: 200, headers })).to.equal(false);
  });

  it('takes templates as values to compare with', () => {
    const node = { body: { '/id': '{{ input.id }}', '/kind': ['a', '{{ input.kind }}'] } };
    const findings: TreeFinding[] = [];
    const { references } = compileCondition(node, findings, '/when');
    expect(references.map(({ text, pointer }) => [text, pointer])).to.deep.equal([
      ['input.id', '/when/body/~1id'],
      ['input.kind', '/when/body/~1kind/1'],
    ]);
    expect(
      holds(node, { status: 200, body: { id: 5, kind: 'b' } }, { input: { id: 5, kind: 'b' } }),
    ).to.equal(true);
    expect(
      holds(node, { status: 200, body: { id: '5', kind: 'b' } }, { input: { id: 5, kind: 'b' } }),
    ).to.equal(false);
  });

  it('tells network faults apart, and needs an answer for all else', () => {
    expect(holds({ network: 'timeout' }, { network: 'timeout' })).to.equal(true);
    expect(holds({ network: ['dns', 'tls'] }, { network: 'reset' })).to.equal(false);
    expect(holds({ network: 'any' }, { network: 'tls' })).to.equal(true);
    expect(holds({ network: 'any' }, { status: 200 })).to.equal(false);
    expect(holds({ body: { '/x': { exists: false } } }, { network: 'reset' })).to.equal(false);
  });

  it('holds where all parts do, and any where one does', () => {
    const node = { status: '4xx', any: [{ body: { '/a': 1 } }, '{{ input.x }}', { any: [{ status: 418 }] }] };
    expect(holds(node, { status: 400, body: { a: 1 } }, { input: { x: false } })).to.equal(true);
    expect(holds(node, { status: 418 }, { input: { x: false } })).to.equal(true);
    expect(holds(node, { status: 400 }, { input: { x: false } })).to.equal(false);
    expect(holds(node, { status: 200, body: { a: 1 } }, { input: { x: true } })).to.equal(false);
  });
});

describe('a mistake in a condition', () => {
  const cases: readonly (readonly [Json, string, string])[] = [
    ['always', '/when', 'always true'],
    ['a {{ b }}', '/when', 'always true'],
    [true, '/when', 'true (a boolean)'],
    [{}, '/when', 'holds for every answer'],
    [{ stauts: 200 }, '/when/stauts', 'Did you mean "status"?'],
    [{ status: '40x' }, '/when/status', '"40x" is no status'],
    [{ status: 99 }, '/when/status', 'from 100 to 599'],
    [{ status: [] }, '/when/status', 'empty list'],
    [{ body: 'x' }, '/when/body', 'map of JSON Pointers'],
    [{ body: { 'error.status': 1 } }, '/when/body/error.status', '"/error/status"'],
    [{ body: { '/a': { matchs: 'x' } } }, '/when/body/~1a/matchs', 'Did you mean "matches"?'],
    [{ body: { '/a': { gt: 5 } } }, '/when/body/~1a/gt', 'matches and exists'],
    [{ body: { '/a': {} } }, '/when/body/~1a', 'tests nothing'],
    [{ body: { '/a': { matches: '(' } } }, '/when/body/~1a/matches', 'no pattern'],
    [{ body: { '/a': { matches: 'a(?=b)' } } }, '/when/body/~1a/matches', 'no lookaround'],
    [{ body: { '/a': { exists: 'yes' } } }, '/when/body/~1a/exists', 'true or false'],
    [{ body: { '/a': [] } }, '/when/body/~1a', 'empty list'],
    [{ network: 'timout' }, '/when/network', 'Did you mean "timeout"?'],
    [{ any: [] }, '/when/any', 'list of conditions'],
    [{ any: [{ body: { '/a': '{{ this }}' } }] }, '/when/any/0/body/~1a', 'no `this`'],
  ];
  for (const [node, pointer, text] of cases) {
    it(`is found in ${JSON.stringify(node)}`, () => {
      const found = finding(node);
      expect(found.pointer).to.equal(pointer);
      expect(found.message).to.contain(text);
    });
  }
});

describe('a pattern', () => {
  it('takes time linear in the text', () => {
    const matches = compilePattern('^(a+)+$');
    expect(matches('a'.repeat(50_000))).to.equal(true);
    expect(matches(`${'a'.repeat(50_000)}b`)).to.equal(false);
  });

  it('is refused with a reason where it has no linear form, or is long', () => {
    expect(() => compilePattern('(a)\\1')).to.throw(PatternError, 'no backreferences');
    expect(() => compilePattern('a'.repeat(1025))).to.throw(PatternError, '1024');
    expect(() => compilePattern('(((a{1000}){1000}){1000})')).to.throw(PatternError);
  });
});
