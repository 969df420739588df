import { expect } from 'chai';
import fc from 'fast-check';
import { StepFault } from '../../core/kernel/errors.ts';
import {
  encodeForm,
  encodePathRaw,
  encodeQuery,
  encodeSegment,
  headerValue,
  hostLabels,
  wholeUrl,
} from '../../core/language/encode.ts';
import { pathLeaf, urlLeaf } from '../../core/language/encode-leaf.ts';
import { TemplateError } from '../../core/language/template/leaf.ts';

const text = fc.string({ unit: 'grapheme' });

describe('a value in a path', () => {
  it('is one percent-encoded segment', () => {
    expect(encodeSegment('a/b?c#d@e\r\n%é', 'x')).to.equal('a%2Fb%3Fc%23d%40e%0D%0A%25%C3%A9');
    expect(encodeSegment(12, 'x')).to.equal('12');
    for (const value of ['', '.', '..', null, undefined, [], {}, '\ud800']) {
      expect(() => encodeSegment(value, 'input.id')).to.throw(StepFault, '{{ input.id }}');
    }
  });

  it('decodes to itself and never leaves its segment', () => {
    fc.assert(
      fc.property(text, (value) => {
        fc.pre(!['', '.', '..'].includes(value));
        const encoded = encodeSegment(value, 'x');
        expect(decodeURIComponent(encoded)).to.equal(value);
        expect(encoded).not.to.match(/[/?#\\\s]/);
        expect(new URL(`https://a.example/b/${encoded}/c`).pathname.split('/')).to.have.length(4);
      }),
    );
  });

  it('with three braces keeps its slashes and nothing else', () => {
    expect(encodePathRaw('projects/p 1/operations/o?x#y', 'x')).to.equal(
      'projects/p%201/operations/o%3Fx%23y',
    );
    for (const value of ['', '/a', 'a/', 'a//b', 'a/../b', '..', './a', null, [1]]) {
      expect(() => encodePathRaw(value, 'x'), String(value)).to.throw(StepFault);
    }
  });

  it('may be mixed with text, and cannot make up dots or another host', () => {
    const path = (written: string, scope: Record<string, unknown>) => pathLeaf(written).render(scope);
    expect(path('/Accounts/{{ sid }}.json', { sid: 'AC/1' })).to.equal('/Accounts/AC%2F1.json');
    expect(path('/values/{{ r }}:append', { r: 'Sheet1!A1' })).to.equal('/values/Sheet1!A1:append');
    expect(path('/v1/{{{ name }}}', { name: 'operations/7' })).to.equal('/v1/operations/7');
    expect(path('/fixed', {})).to.equal('/fixed');
    expect(() => path('/a/%2e{{ x }}', { x: '%2e' })).not.to.throw();
    expect(() => path('/a/.{{ x }}', { x: '.' })).to.throw(StepFault);
    expect(() => path('/a/{{ optional x }}', {})).to.throw(StepFault, 'is empty');
    expect(() => path('/a/{{ x }}', { x: [1] })).to.throw(StepFault, 'a list');
    expect(() => path('/{{{ x }}}', { x: '/evil.example' })).to.throw(StepFault);
  });
});

describe('a value in a URL', () => {
  const url = (written: string, scope: Record<string, unknown>) => urlLeaf(written).render(scope);

  it('brings its origin where it stands first', () => {
    expect(url('{{ u }}', { u: 'https://a.example/x?y=1#z' })).to.equal('https://a.example/x?y=1#z');
    expect(url('{{ u }}/v1/{{ id }}', { u: 'https://a.example/', id: 'a/b' })).to.equal(
      'https://a.example/v1/a%2Fb',
    );
    expect(urlLeaf('{{ u }}').guarded).to.equal(true);
    expect(urlLeaf('https://a.example/{{ u }}').guarded).to.equal(false);
    expect(() => url('{{ u }}/v1', { u: 'https://a.example/?x=1' })).to.throw(StepFault, 'query or fragment');
    expect(() => urlLeaf('{{ u }}.example')).to.throw(TemplateError, 'nothing may be added to a host');
    expect(() => urlLeaf('{{ u }}{{ v }}')).to.throw(TemplateError);
    expect(() => urlLeaf('a.example/{{ u }}')).to.throw(TemplateError, 'begin with https://');
  });

  it('must be a whole https URL there', () => {
    for (const u of [
      '',
      'a.example',
      '//a.example',
      'http://a.example',
      'ftp://a',
      'https://',
      'javascript:alert(1)',
      'https://a.example/\r\nx',
      ' https://a.example',
      'https://u:p@a.example',
      'https://a.example\\@b',
      5,
      null,
    ]) {
      expect(() => url('{{ u }}', { u }), String(u)).to.throw(StepFault);
    }
    expect(wholeUrl('http://a.example', 'u', ['https:', 'http:']).href).to.equal('http://a.example/');
  });

  it('is DNS labels in a host', () => {
    expect(url('https://{{ shop }}.myshop.example/x', { shop: 'ada-1' })).to.equal(
      'https://ada-1.myshop.example/x',
    );
    expect(urlLeaf('https://{{ shop }}.myshop.example').guarded).to.equal(true);
    for (const shop of [
      'evil.example/',
      'evil.example#',
      'a@b',
      'a:1',
      '-a',
      'a_b',
      '',
      'a..b',
      'é',
      'a b',
    ]) {
      expect(() => url('https://{{ shop }}.myshop.example', { shop }), shop).to.throw(
        StepFault,
        'DNS labels',
      );
    }
    expect(hostLabels('eu.west-1', 'x')).to.equal('eu.west-1');
    expect(() => urlLeaf('https://user@a.example/')).to.throw(TemplateError, 'credentials');
  });

  it('is percent-encoded in a query, where it may be empty', () => {
    expect(url('https://a.example/b?c={{ x }}&d={{ y }}', { x: 'a&b=c', y: '' })).to.equal(
      'https://a.example/b?c=a%26b%3Dc&d=',
    );
  });
});

describe('a query', () => {
  it('drops null, repeats lists, nests maps', () => {
    const written = {
      a: 1,
      b: null,
      'expand[]': ['x', null, 'y'],
      m: { k: 'v', n: { o: true } },
      l: [{ b: 1 }, { b: 2, c: [3, 4] }],
      e: '',
      none: [],
    };
    expect(decodeURIComponent(encodeQuery(written))).to.equal(
      'a=1&expand[]=x&expand[]=y&m[k]=v&m[n][o]=true&l[0][b]=1&l[1][b]=2&l[1][c]=3&l[1][c]=4&e=',
    );
    expect(encodeQuery({ 'a b': 'c&d=e+f' })).to.equal('a%20b=c%26d%3De%2Bf');
    expect(encodeQuery({})).to.equal('');
    expect(encodeQuery(null)).to.equal('');
  });

  it('refuses what is no map, too deep, or no text', () => {
    let deep: Record<string, unknown> = {};
    for (let i = 0; i < 40; i++) deep = { a: deep };
    expect(() => encodeQuery(deep as Record<string, null>)).to.throw(StepFault, '16 levels');
    expect(() => encodeQuery([1])).to.throw(StepFault, 'must be a map');
    expect(() => encodeForm({ a: '\ud800' })).to.throw(StepFault, 'surrogate');
  });

  it('and a form are read back as they were by URLSearchParams', () => {
    fc.assert(
      fc.property(fc.dictionary(text, text), (map) => {
        const entries = Object.entries(map);
        expect([...new URLSearchParams(encodeQuery(map))]).to.deep.equal(entries);
        expect([...new URLSearchParams(encodeForm(map))]).to.deep.equal(entries);
        expect(encodeForm(map)).to.equal(new URLSearchParams(entries).toString());
      }),
    );
  });
});

describe('a header', () => {
  it('is text, and left out when null or absent', () => {
    expect(headerValue('x', 5)).to.equal('5');
    expect(headerValue('x', true)).to.equal('true');
    expect(headerValue('x', 'caf\u00e9\t')).to.equal('café\t');
    expect(headerValue('x', null)).to.equal(undefined);
    expect(headerValue('x', undefined)).to.equal(undefined);
  });

  it('holds no line ends, no control characters, no lists', () => {
    for (const [value, what] of [
      ['a\r\nb', 'CR'],
      ['a\nb', 'LF'],
      ['a\0', 'NUL'],
      ['👍', 'U+1F44D'],
      [['a'], 'a list'],
      [{}, 'a map'],
    ] as const) {
      expect(() => headerValue('X-A', value))
        .to.throw(StepFault, `Header "X-A"`)
        .with.property('message')
        .contains(what);
    }
  });
});
