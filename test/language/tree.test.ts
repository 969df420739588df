/* oxlint-disable unicorn/no-thenable -- `then` is a key of the language's $if */
import { expect } from 'chai';
import fc from 'fast-check';
import { StepFault } from '../../core/kernel/errors.ts';
import type { Json } from '../../core/kernel/json.ts';
import { ABSENT, type Scope } from '../../core/language/plan.ts';
import { type TreeFinding, type TreeOptions, compileTree } from '../../core/language/tree.ts';

const compiled = (node: Json, options?: TreeOptions) => {
  const findings: TreeFinding[] = [];
  const tree = compileTree(node, findings, options);
  expect(findings).to.deep.equal([]);
  return tree;
};

const run = (node: Json, scope: Scope = {}, options?: TreeOptions) => compiled(node, options).evaluate(scope);

const findings = (node: Json, pointer = ''): TreeFinding[] => {
  const found: TreeFinding[] = [];
  compileTree(node, found, { pointer });
  return found;
};

const message = (node: Json, scope: Scope): string => {
  try {
    run(node, scope);
  } catch (error) {
    if (error instanceof StepFault && error.kind === 'config') return error.message;
    throw error;
  }
  throw new Error('A value was given.');
};

describe('a tree', () => {
  it('fills leaves and keys, with their types', () => {
    expect(
      run(
        { values: ['{{ input.v }}', 'a {{ n }}'], '{{ k }}': true },
        { input: { v: [1, '2'] }, n: 3, k: 'key' },
      ),
    ).to.deep.equal({
      values: [[1, '2'], 'a 3'],
      key: true,
    });
  });

  it('leaves out what is optional and absent, and keeps null', () => {
    expect(
      run({ a: '{{ optional x }}', b: ['{{ optional x }}', 1], c: '{{ n }}' }, { n: null }),
    ).to.deep.equal({ b: [1], c: null });
    expect(run('{{ optional x }}')).to.equal(ABSENT);
    expect(run({ '{{ optional x }}': 1, a: 2 })).to.deep.equal({ a: 2 });
  });

  it('drops every missing value where that is asked for', () => {
    expect(
      run(
        { a: '{{ event.answers.q }}', b: 'Hi {{ event.answers.q }}' },
        { event: { answers: {} } },
        { absent: 'drop' },
      ),
    ).to.deep.equal({ b: 'Hi ' });
  });

  it('fails on a missing value', () => {
    expect(message({ a: { b: '{{ input.x }}' } }, { input: {} })).to.contain('"input.x"');
  });

  it('without templates is one frozen value', () => {
    const tree = compiled({ a: [1, { b: null }], $$ref: 'x', c: '\\{{ d }}' });
    expect(tree.constant).to.equal(true);
    expect(tree.evaluate({})).to.deep.equal({ a: [1, { b: null }], $ref: 'x', c: '{{ d }}' });
    expect(tree.evaluate({})).to.equal(tree.evaluate({}));
    expect(tree.evaluate({})).to.satisfy(Object.isFrozen);
  });

  it('refuses keys that are no text, or that are there already', () => {
    expect(message({ '{{ k }}': 1 }, { k: [1] })).to.contain('a key must be text');
    expect(message({ a: 1, '{{ k }}': 2 }, { k: 'a' })).to.contain('which the map has already');
    expect(run({ '{{ k }}': 2 }, { k: 7 })).to.deep.equal({ 7: 2 });
  });

  it('keeps __proto__ as a key', () => {
    const tree = { '{{ k }}': { polluted: true }, a: '{{ b }}' };
    const value = run(tree, { k: '__proto__', b: 1 }) as object;
    expect(JSON.stringify(value)).to.equal('{"__proto__":{"polluted":true},"a":1}');
    expect(Object.getPrototypeOf(value)).to.equal(Object.prototype);
    const literal = JSON.parse('{"__proto__":{"x":1}}') as Json;
    expect(JSON.stringify(run(literal))).to.equal('{"__proto__":{"x":1}}');
    expect(JSON.stringify(run({ $merge: ['{{ m }}'] }, { m: literal }))).to.equal('{"__proto__":{"x":1}}');
  });

  it('tells its references with place and bound names', () => {
    const tree = compiled(
      { $map: '{{ events }}', 'each(e)': { id: '{{ e.id }}', '{{ k }}': 1 } },
      { pointer: '/json' },
    );
    expect(tree.references.map(({ text, pointer, bound }) => [text, pointer, bound])).to.deep.equal([
      ['events', '/json/$map', []],
      ['e.id', '/json/each(e)/id', ['e']],
      ['k', '/json/each(e)/{{ k }}', ['e']],
    ]);
    expect(tree.constant).to.equal(false);
  });

  it('is the same value for any JSON without templates and operators', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(!/\{\{|"\$/.test(JSON.stringify(value)));
        expect(JSON.stringify(run(value as Json))).to.equal(JSON.stringify(value));
        expect(JSON.stringify(run({ a: value as Json, b: '{{ x }}' }, { x: value }))).to.equal(
          JSON.stringify({ a: value, b: value }),
        );
      }),
    );
  });
});

describe('tree operators', () => {
  const events = [
    { id: 1, f: 'a' },
    { id: 2, f: 'b' },
  ];

  it('$map makes a list of each item, in its own scope', () => {
    expect(
      run({ $map: '{{ events }}', 'each(e)': { id: '{{ e.id }}', all: '{{ length events }}' } }, { events }),
    ).to.deep.equal([
      { id: 1, all: 2 },
      { id: 2, all: 2 },
    ]);
    const nested = {
      $map: '{{ rows }}',
      'each(row)': { $map: '{{ row }}', 'each(cell)': '{{ cell }}/{{ length row }}' },
    };
    expect(run(nested, { rows: [[1], [2, 3]] })).to.deep.equal([['1/1'], ['2/2', '3/2']]);
    expect(run({ $map: [1, 2], 'each(x)': '{{ add x 1 }}' })).to.deep.equal([2, 3]);
    expect(run({ a: { $map: '{{ optional x }}', 'each(e)': 1 } })).to.deep.equal({});
    expect(message({ $map: '{{ x }}', 'each(e)': 1 }, { x: {} })).to.contain('for a map use `pairs`');
  });

  it('$map and $if leave elements out', () => {
    const tree = { $map: '{{ events }}', 'each(e)': { $if: '{{ gt e.id 1 }}', then: '{{ e.f }}' } };
    expect(run(tree, { events })).to.deep.equal(['b']);
  });

  it('$if takes a branch, and its key goes where there is none', () => {
    const tree = {
      a: { $if: '{{ x }}', then: 'yes', else: { no: '{{ n }}' } },
      b: { $if: '{{ x }}', then: 1 },
    };
    expect(run(tree, { x: true })).to.deep.equal({ a: 'yes', b: 1 });
    expect(run(tree, { x: '', n: 0 })).to.deep.equal({ a: { no: 0 } });
    expect(run({ $if: '{{ optional x }}', then: 1, else: null })).to.equal(null);
  });

  it('$merge joins maps, the last wins', () => {
    expect(
      run({ $merge: [{ a: 1, b: 1 }, '{{ m }}', '{{ optional none }}'] }, { m: { b: 2 } }),
    ).to.deep.equal({ a: 1, b: 2 });
    expect(run({ $merge: '{{ ms }}' }, { ms: [{ a: 1 }, { c: 3 }] })).to.deep.equal({ a: 1, c: 3 });
    expect(message({ $merge: ['{{ m }}'] }, { m: 1 })).to.contain('a list of maps');
  });

  it('$flatten joins lists, also those of a $map', () => {
    const tree = {
      $flatten: { $map: '{{ events }}', 'each(e)': [{ create: { _id: '{{ e.id }}' } }, '{{ e.f }}'] },
    };
    expect(run(tree, { events })).to.deep.equal([{ create: { _id: 1 } }, 'a', { create: { _id: 2 } }, 'b']);
    expect(message({ $flatten: ['{{ x }}'] }, { x: 1 })).to.contain('a list of lists');
  });

  it('$json writes a tree as text', () => {
    expect(run({ $json: { a: '{{ x }}', b: [null] } }, { x: 'é"' })).to.equal('{"a":"é\\"","b":[null]}');
    expect(run({ a: { $json: '{{ optional x }}' } })).to.deep.equal({});
  });
});

describe('a mistake in a tree', () => {
  const cases: readonly (readonly [Json, string, string, boolean?])[] = [
    [{ a: ['{{ uper x }}'] }, '/a/0', 'Did you mean "upper"?'],
    [{ 'a/b': { '{{ x.0 }}': 1 } }, '/a~1b/{{ x.0 }}', 'write `x.[0]`', true],
    [{ $mpa: [], 'each(x)': 1 }, '/$mpa', 'Did you mean "$map"?', true],
    [{ $ref: 'x' }, '/$ref', 'is written "$$ref"', true],
    [{ $map: [] }, '', '"each(name)" is missing'],
    [{ $map: [], 'each(x)': 1, other: 2 }, '/other', 'Beside $map stands', true],
    [{ $if: '{{ x }}' }, '', '"then" is missing'],
    [{ $if: '{{ x }}', else: 1 }, '', '"then" is missing'],
    [{ $if: 'x', then: 1 }, '/$if', 'always true'],
    [{ $if: { status: 200 }, then: 1 }, '/$if', 'a condition is a template'],
    [{ $merge: [{}], a: 1 }, '/a', 'no other key', true],
    [{ $merge: { a: 1 } }, '/$merge', 'takes a list'],
    [{ $merge: [], $flatten: [] }, '/$flatten', 'no other key', true],
  ];
  for (const [node, pointer, text, onKey] of cases) {
    it(`is found in ${JSON.stringify(node)}`, () => {
      const [finding, ...more] = findings(node, '/p');
      expect(more).to.deep.equal([]);
      expect(finding).to.include({ pointer: `/p${pointer}` });
      expect(finding?.message).to.contain(text);
      expect(finding?.onKey ?? false).to.equal(onKey ?? false);
    });
  }

  it('does not hide another', () => {
    expect(
      findings({ a: '{{ this }}', b: { c: '{{> x }}' } }).map(({ pointer, offset }) => [pointer, offset]),
    ).to.deep.equal([
      ['/a', 3],
      ['/b/c', 0],
    ]);
  });

  it('is also a nesting without end', () => {
    let node: Json = 1;
    for (let i = 0; i < 5000; i++) node = [node];
    expect(findings(node)[0]?.message).to.contain('deeper than 100');
  });
});
