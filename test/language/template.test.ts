import { expect } from 'chai';
import fc from 'fast-check';
import { StepFault } from '../../core/kernel/errors.ts';
import { ABSENT, type Scope } from '../../core/language/plan.ts';
import { type LeafOptions, TemplateError, parseLeaf } from '../../core/language/template/leaf.ts';

const run = (text: string, scope: Scope = {}, options?: LeafOptions) =>
  parseLeaf(text, options).evaluate(scope);

const refusal = (text: string): TemplateError => {
  try {
    parseLeaf(text);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error(`${text} was accepted`);
};

const fault = (text: string, scope: Scope = {}): StepFault => {
  try {
    run(text, scope);
  } catch (error) {
    if (error instanceof StepFault) return error;
    throw error;
  }
  throw new Error(`${text} gave a value`);
};

describe('a template leaf', () => {
  it('keeps the type of a single expression', () => {
    const list = [1, [2]];
    expect(run('{{ input.n }}', { input: { n: 36 } })).to.equal(36);
    expect(run('{{ input.no }}', { input: { no: false } })).to.equal(false);
    expect(run('{{input.list}}', { input: { list } })).to.equal(list);
    expect(run('{{ input.nil }}', { input: { nil: null } })).to.equal(null);
    expect(run('{{ input.text }}', { input: { text: '+15551234567' } })).to.equal('+15551234567');
  });

  it('is text where anything stands beside the expression', () => {
    expect(run('{{ a }} ', { a: 1 })).to.equal('1 ');
    expect(run('{{ a }}{{ b }}', { a: 1, b: true })).to.equal('1true');
    expect(run('Hello {{ a }}, {{ b }}!', { a: 'Ada', b: null })).to.equal('Hello Ada, !');
    expect(run('<{{ a }}>', { a: '<b>&"\'' })).to.equal('<<b>&"\'>');
  });

  it('refuses lists and maps inside text and names the remedy', () => {
    expect(fault('a {{ x }}', { x: [1, 2] }).message).to.equal(
      '{{ x }} is a list of 2, and stands inside text, which takes text, numbers and booleans. Use `join` or `json`, or let the expression be the whole value.',
    );
    expect(fault('a {{ x }}', { x: {} }).kind).to.equal('config');
  });

  it('is a literal without expressions, and a backslash keeps braces as text', () => {
    expect(parseLeaf('plain }} text')).to.include({ shape: 'literal', literal: 'plain }} text' });
    expect(parseLeaf('').literal).to.equal('');
    expect(parseLeaf('a \\{{b}} c').literal).to.equal('a {{b}} c');
    expect(run('\\{{b}} {{ a }}', { a: 1 })).to.equal('{{b}} 1');
    expect(run('C:\\\\{{ a }}', { a: 1 })).to.equal('C:\\1');
  });

  it('reads braces and brackets inside quoted text and keys', () => {
    expect(run('{{ upper "a}}b" }}')).to.equal('A}}B');
    expect(run("{{ 'it' }}")).to.equal('it');
    expect(run('{{ "say \\"hi\\"" }}')).to.equal('say "hi"');
    expect(run('{{ x.[}}] }}', { x: { '}}': 1 } })).to.equal(1);
  });

  it('reads literals', () => {
    expect([run('{{ 1 }}'), run('{{ -2.5 }}'), run('{{ true }}'), run('{{ null }}')]).to.deep.equal([
      1,
      -2.5,
      true,
      null,
    ]);
  });

  it('follows indexes and odd keys', () => {
    const x = [{ '@odata.nextLink': 'n', 'a b': { c: 1 } }];
    expect(run('{{ x.[0].[@odata.nextLink] }}', { x })).to.equal('n');
    expect(run('{{ x.[0].[a b].c }}', { x })).to.equal(1);
    expect(run('{{ get x "/0/a b/c" }}', { x })).to.equal(1);
  });

  it('nests subexpressions', () => {
    expect(run('{{ upper (join input.tags ", ") }}', { input: { tags: ['a', 'b'] } })).to.equal('A, B');
  });

  it('tells its references, their offsets, and which are guarded', () => {
    const leaf = parseLeaf('x {{ a.[0].b }} {{ upper (default c.d "e") }}\n{{\n  f }}');
    expect(leaf.references).to.deep.equal([
      { path: ['a', '0', 'b'], guarded: false, offset: 5, text: 'a.[0].b' },
      { path: ['c', 'd'], guarded: true, offset: 34, text: 'c.d' },
      { path: ['f'], guarded: false, offset: 51, text: 'f' },
    ]);
    expect(leaf.helpers).to.deep.equal(['upper', 'default']);
    expect(leaf.startsWithExpression).to.equal(false);
    expect(parseLeaf('{{ a }}/b').startsWithExpression).to.equal(true);
  });
});

describe('a missing value', () => {
  it('fails the step where it is used bare, naming the expression', () => {
    expect(fault('{{ input.name }}', { input: {} }).message).to.equal(
      '{{ input.name }}: there is no value "input.name" here. Where it may be absent write {{ optional input.name }}, or {{ default input.name "..." }}.',
    );
    expect(fault('a {{ input.a.b }}', { input: { a: null } }).kind).to.equal('config');
    expect(fault('{{ upper input.name }}', { input: {} }).message).to.contain('"input.name"');
    expect(fault('{{ x.length }}', { x: [1] }).message).to.contain('`length x`');
  });

  it('is tolerated inside guards, through nested helpers', () => {
    expect(run('{{ optional input.name }}', {})).to.equal(ABSENT);
    expect(run('{{ default (upper (trim input.name)) "n/a" }}', {})).to.equal('n/a');
    expect(run('{{ if input.a.b 1 2 }}', {})).to.equal(2);
    expect(run('{{ and (eq input.a 1) true }}', {})).to.equal(false);
    expect(run('{{ or input.a (not input.b) }}', {})).to.equal(true);
    expect(run('{{ upper (optional input.name) }}', {})).to.equal(ABSENT);
    expect(run('{{ list (optional a) 2 }}', {})).to.deep.equal([2]);
    expect(run('{{ if (ne a "done") "open" "done" }}', {})).to.equal('open');
  });

  it('is nothing inside text when guarded', () => {
    expect(run('a{{ optional b }}c', {})).to.equal('ac');
  });

  it('is covered by default when null, and empty text is not', () => {
    expect(run('{{ default a "x" }}', { a: null })).to.equal('x');
    expect(run('{{ default a "x" }}', { a: '' })).to.equal('');
    expect(run('{{ default a b }}', { a: null, b: null })).to.equal(null);
  });

  it('is also what a helper does not find', () => {
    expect(fault('{{ first x }}', { x: [] }).message).to.contain('"first" found no value');
    expect(run('{{ default (first x) 0 }}', { x: [] })).to.equal(0);
    expect(run('{{ default (get x "/a") 0 }}', { x: {} })).to.equal(0);
  });

  it('drops or is empty text where every value may be absent', () => {
    expect(run('{{ event.answers.a }}', {}, { absent: 'drop' })).to.equal(ABSENT);
    expect(run('Dear {{ event.answers.a }}', {}, { absent: 'drop' })).to.equal('Dear ');
  });
});

describe('what is false', () => {
  for (const [shown, value] of [
    ['false', false],
    ['null', null],
    ['empty text', ''],
    ['0', 0],
    ['an empty list', []],
    ['an empty map', {}],
  ] as const) {
    it(`is ${shown}`, () => expect(run('{{ not x }}', { x: value })).to.equal(true));
  }
  for (const value of ['0', 'false', ' ', -1, [0], { a: null }]) {
    it(`is not ${JSON.stringify(value)}`, () => expect(run('{{ not x }}', { x: value })).to.equal(false));
  }
});

describe('names of prototypes', () => {
  const names = [
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    'valueOf',
    '__defineGetter__',
    'length',
    'push',
  ];
  it('never resolve, at any level, of maps, lists and text', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.constantFrom({}, [], 'text', 1, true), (name, value) => {
        expect(run(`{{ optional ${name} }}`, {})).to.equal(ABSENT);
        expect(run(`{{ optional x.${name} }}`, { x: value })).to.equal(ABSENT);
        expect(run(`{{ optional x.[0].${name} }}`, { x: [value] })).to.equal(ABSENT);
        expect(run(`{{ optional (get x "/${name}") }}`, { x: value })).to.equal(ABSENT);
        expect(run(`{{ optional (get x "${name}") }}`, { x: value })).to.equal(ABSENT);
      }),
    );
  });

  it('are no helpers', () => {
    for (const name of ['constructor', '__proto__', 'valueOf', 'hasOwnProperty']) {
      expect(refusal(`{{ ${name} x }}`).message).to.contain(`There is no helper "${name}"`);
    }
  });

  it('resolve where they are own keys', () => {
    expect(run('{{ x.__proto__ }}', { x: JSON.parse('{"__proto__":1}') as unknown })).to.equal(1);
  });
});

describe('a refused template', () => {
  const cases: readonly (readonly [string, number, string])[] = [
    ['{{#if x}}y{{/if}}', 0, 'Blocks are refused'],
    ['a {{^}}', 2, 'Blocks are refused'],
    ['{{else}}', 0, 'Blocks are refused'],
    ['{{{{raw}}}}x{{{{/raw}}}}', 0, 'Raw blocks are refused'],
    ['{{> part}}', 0, 'Partials are refused'],
    ['{{* deco}}', 0, 'Decorators are refused'],
    ['{{#*inline "x"}}{{/inline}}', 0, 'Blocks are refused'],
    ['{{! note }}', 0, 'Comments in templates are refused'],
    ['{{!-- note --}}', 0, 'Comments in templates are refused'],
    ['{{& x}}', 0, '"{{&" is refused'],
    ['{{~x}}', 0, 'Whitespace control is refused'],
    ['{{x~}}', 2, 'Whitespace control is refused'],
    ['{{ this }}', 3, 'no `this`'],
    ['{{ this.x }}', 3, 'no `this`'],
    ['{{ ./x }}', 3, 'no `this`'],
    ['{{ ../x }}', 3, 'no parent context'],
    ['{{ @root.x }}', 3, 'no @data'],
    ['{{ upper x size=1 }}', 11, 'Hash arguments'],
    ['{{{ x }}}', 0, 'refused outside `path`'],
    ['{{ x.0 }}', 3, 'write `x.[0]`'],
    ['{{ x.0.y }}', 3, 'write `x.[0].y`'],
    ['{{ x.[a b].12 }}', 3, 'write `x.[a b].[12]`'],
    ['{{ x[0] }}', 3, '`x.[0]`'],
    ['{{ a/b }}', 3, 'separated by "."'],
    ['{{ a == b }}', 5, '`eq a b`'],
    ['{{ a && b }}', 5, '`and a b`'],
    ['{{ x | upper }}', 5, 'no operator "|"'],
    ['{{ upper(x) }}', 3, 'no call'],
    ['{{ join x, y }}', 8, 'leave the comma'],
    ['{{ uper x }}', 3, 'Did you mean "upper"?'],
    ['{{ frobnicate x }}', 3, 'The helpers are: default optional'],
    ['{{ upper x y }}', 3, 'takes 1 argument and got 2'],
    ['{{ upper 5 }}', 9, 'it must be text'],
    ['{{ hmac "md5" "k" "t" }}', 8, 'one of sha256, sha512, sha384, sha1'],
    ['{{ formatDate x "YYYY" }}', 16, '"YYYY" is not known'],
    ['{{ }}', 0, 'empty'],
    ['a {{ x', 2, 'not closed'],
    ['{{ "a }}', 3, 'never closed'],
    ['{{ upper (lower x }}', 0, '")" is missing'],
    ['{{ undefined }}', 3, 'no value'],
  ];
  for (const [text, offset, message] of cases) {
    it(`is ${text}`, () => {
      const error = refusal(text);
      expect(error.message).to.contain(message);
      expect(error.offset).to.equal(offset);
    });
  }

  it('is too large, too long or too deep', () => {
    expect(refusal('a'.repeat(65_537)).message).to.contain('65536 at most');
    expect(refusal('é'.repeat(32_769)).message).to.contain('65538 bytes');
    expect(parseLeaf('a'.repeat(65_536)).shape).to.equal('literal');
    expect(refusal(`{{ ${'a'.repeat(1024)} }}`).message).to.contain('1024 bytes at most');
    expect(refusal(`{{ "${'a'.repeat(2000)}" }}`).message).to.contain('1024 bytes at most');
    expect(parseLeaf(`{{${'a'.repeat(1024)}}}`).shape).to.equal('expression');
    expect(refusal(`{{ not ${'(not '.repeat(17)}x${')'.repeat(17)} }}`).message).to.contain('16 levels');
    expect(parseLeaf(`{{ not ${'(not '.repeat(16)}x${')'.repeat(16)} }}`).shape).to.equal('expression');
  });
});

describe('text produced by a leaf', () => {
  const big = 'x'.repeat(9_000_000);
  it('is bounded when it is put together', () => {
    expect(fault('{{ a }}{{ a }}', { a: big }).message).to.contain('longer than 16777216 characters');
  });
  it('is bounded before a helper makes it', () => {
    expect(fault('{{ replace a "x" b }}', { a: big, b: big }).message).to.contain('longer than');
    expect(fault('{{ join (list a a a) "" }}', { a: big }).message).to.contain('longer than');
    expect(fault('{{ json (list a a a) }}', { a: [big] }).message).to.contain('longer than');
    expect(fault('{{ hex a }}', { a: big }).message).to.contain('longer than');
  });
});

describe('laws of leaves', () => {
  it('any JSON value passes a single expression unchanged', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(run('{{ x }}', { x: value })).to.equal(value);
      }),
    );
  });

  it('any text survives as a literal once its braces are escaped', () => {
    const plain = fc.string().filter((text) => !text.includes('{') && !text.includes('\\'));
    fc.assert(
      fc.property(fc.array(plain), (parts) => {
        expect(parseLeaf(parts.join('\\{{')).literal).to.equal(parts.join('{{'));
      }),
    );
  });

  it('no text makes the parser throw anything but TemplateError', () => {
    const bits = fc.constantFrom(
      '{{',
      '}}',
      '{',
      '}',
      '~',
      '#',
      '/',
      '>',
      '*',
      '!',
      '&',
      '(',
      ')',
      '"',
      "'",
      '[',
      ']',
      '.',
      '..',
      ' ',
      '\\',
      '@',
      '=',
      '|',
      'this',
      'upper',
      'x',
      '0',
      '1.5',
      'true',
      'null',
      'else',
      '\n',
      '\u0000',
      '\ud800',
      'é',
    );
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 60 }), fc.boolean(), (parts, open) => {
        const text = (open ? '{{' : '') + parts.join('');
        try {
          parseLeaf(text);
        } catch (error) {
          expect(error).to.be.instanceOf(TemplateError);
          expect((error as TemplateError).offset).to.be.within(0, text.length);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('the worst leaf of the permitted size is read in bounded work', () => {
    const deep = `{{not ${'(not '.repeat(16)}${'x '.repeat(450)}${')'.repeat(16)}}}`;
    expect(() => parseLeaf(deep.repeat(60))).to.throw(TemplateError);
    expect(parseLeaf('{{x}}'.repeat(13_000)).references).to.have.length(13_000);
    expect(() => parseLeaf('{{'.repeat(32_000))).to.throw(TemplateError);
    expect(() => parseLeaf(`{{ ${'('.repeat(60_000)}`)).to.throw(TemplateError);
  });
});
