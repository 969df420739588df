import { expect } from 'chai';
import fc from 'fast-check';
import { StepFault } from '../../core/kernel/errors.ts';
import { parseLeaf } from '../../core/language/template/leaf.ts';
import { HELPERS } from '../../core/language/template/helpers/index.ts';

const run = (text: string, scope: Readonly<Record<string, unknown>> = {}) => parseLeaf(text).evaluate(scope);

const fault = (text: string, scope: Readonly<Record<string, unknown>> = {}): string => {
  try {
    run(text, scope);
  } catch (error) {
    if (error instanceof StepFault && error.kind === 'config') return error.message;
    throw error;
  }
  throw new Error(`${text} gave a value`);
};

describe('helpers', () => {
  it('are the closed list of the language', () => {
    const list =
      'default optional if eq ne gt gte lt lte and or not in length get first last list keys values pluck pick omit pairs parsePairs sort flatten indexOf split join lower upper trim replace slice json parseJson base64 base64url hex sha256 hmac uuid5 formatDate addDuration add subtract multiply divide round toNumber toString';
    expect([...HELPERS.keys()].sort()).to.deep.equal(list.split(' ').sort());
  });

  for (const helper of HELPERS.values()) {
    it(`${helper.name}: its example holds`, () => {
      const { template, scope, result } = helper.example;
      expect(template).to.contain(helper.name);
      expect(run(template, scope)).to.deep.equal(result);
    });
  }

  it('name value, helper, position and what was accepted', () => {
    expect(fault('{{ upper x }}', { x: 5 })).to.equal(
      '{{ upper x }}: the first argument of "upper" (text) is 5 (a number); it must be text.',
    );
    expect(fault('{{ join (list 1) x }}', { x: {} })).to.contain(
      'the second argument of "join" (separator) is a map of 0 keys',
    );
    expect(fault('{{ upper x }}', { x: ['secret'] })).not.to.contain('secret');
    expect(fault('{{ toNumber x }}', { x: 's'.repeat(61) })).to.contain('text of 61 characters is no number');
  });
});

describe('logic', () => {
  it('compares strictly, and by content', () => {
    expect(run('{{ eq a 1 }}', { a: '1' })).to.equal(false);
    expect(run('{{ eq a b }}', { a: { x: [1, null], y: 2 }, b: { y: 2, x: [1, null] } })).to.equal(true);
    expect(run('{{ eq a null }}', { a: null })).to.equal(true);
    expect(run('{{ ne a b }}', { a: [1, 2], b: [2, 1] })).to.equal(true);
  });

  it('orders numbers and texts, never one with the other', () => {
    expect(run('{{ lt 9 10 }}')).to.equal(true);
    expect(run('{{ lt "9" "10" }}')).to.equal(false);
    expect(fault('{{ gt a 1 }}', { a: '2' })).to.contain('compares two numbers or two texts');
  });

  it('looks only at the branch taken', () => {
    expect(run('{{ if (not x) "none" (upper x) }}', { x: null })).to.equal('none');
    expect(run('{{ and x (gt x 1) }}', { x: null })).to.equal(false);
    expect(run('{{ if true null 1 }}')).to.equal(null);
    expect(run('{{ if false 1 null }}')).to.equal(null);
  });

  it('finds in lists, texts and keys', () => {
    expect(run('{{ in "el" "hello" }}')).to.equal(true);
    expect(run('{{ in 2 x }}', { x: ['2'] })).to.equal(false);
    expect(run('{{ in "a" x }}', { x: { a: null } })).to.equal(true);
    expect(run('{{ in "constructor" x }}', { x: {} })).to.equal(false);
    expect(run('{{ not (in "a" (optional x)) }}')).to.equal(true);
  });
});

describe('lists and maps', () => {
  it('count and cut text by characters, so that emoji stay whole', () => {
    expect(run('{{ length x }}', { x: '👍a' })).to.equal(2);
    expect(run('{{ slice x 0 1 }}', { x: '👍a' })).to.equal('👍');
    expect(run('{{ indexOf x "a" }}', { x: '👍a' })).to.equal(1);
    expect(run('{{ slice x -2 }}', { x: [1, 2, 3] })).to.deep.equal([2, 3]);
  });

  it('sort by key and backwards, and refuse a mixture', () => {
    const x = [{ n: 2 }, { n: 10 }];
    expect(run('{{ sort x "n" "desc" }}', { x })).to.deep.equal([{ n: 10 }, { n: 2 }]);
    expect(run('{{ sort x "/n" }}', { x })).to.deep.equal(x);
    expect(fault('{{ sort x }}', { x: [1, 'a'] })).to.contain('all of one kind');
    expect(x).to.deep.equal([{ n: 2 }, { n: 10 }]);
  });

  it('take keys one by one or as a list', () => {
    const x = { a: 1, b: 2, c: 3 };
    expect(run('{{ pick x k }}', { x, k: ['c', 'zz', 'a'] })).to.deep.equal({ c: 3, a: 1 });
    expect(run('{{ omit x "a" "b" }}', { x })).to.deep.equal({ c: 3 });
  });

  it('keep a key named __proto__ as a key', () => {
    const x = JSON.parse('{"__proto__":{"polluted":true},"a":1}') as unknown;
    const picked = run('{{ pick x "__proto__" }}', { x });
    expect(JSON.stringify(picked)).to.equal('{"__proto__":{"polluted":true}}');
    expect(({} as Record<string, unknown>)['polluted']).to.equal(undefined);
    expect(JSON.stringify(run('{{ parsePairs "__proto__=1" }}'))).to.equal('{"__proto__":"1"}');
  });

  it('parse pairs of form text, of other separators, and of lists', () => {
    expect(run('{{ parsePairs x }}', { x: 'a=1+2&b=%C3%A9&a=3' })).to.deep.equal({ a: '3', b: 'é' });
    expect(run('{{ parsePairs x ";" ":" }}', { x: 'a: 1+2; b:x:y;' })).to.deep.equal({ a: '1+2', b: 'x:y' });
    expect(
      run('{{ parsePairs x }}', { x: [{ key: 'a', value: 1 }, { name: 'b', value: 2 }, ['c', 3]] }),
    ).to.deep.equal({ a: 1, b: 2, c: 3 });
    expect(run('{{ parsePairs (pairs x) }}', { x: { a: 1, b: [2] } })).to.deep.equal({ a: 1, b: [2] });
    expect(fault('{{ parsePairs x }}', { x: [1] })).to.contain('{key, value}');
  });
});

describe('text', () => {
  it('replaces plain text, every occurrence', () => {
    expect(run('{{ replace "a.b.c" "." "$&" }}')).to.equal('a$&b$&c');
  });

  it('reads and writes JSON, and refuses what is none or too deep', () => {
    expect(run('{{ parseJson x }}', { x: '[1,{"a":"]["}]' })).to.deep.equal([1, { a: '][' }]);
    expect(fault('{{ parseJson x }}', { x: '<html>' })).to.contain('"<html>" is no JSON text');
    expect(fault('{{ parseJson x }}', { x: '['.repeat(100_000) + ']'.repeat(100_000) })).to.contain(
      '512 levels',
    );
    let deep: unknown = 1;
    for (let i = 0; i < 600; i++) deep = [deep];
    expect(fault('{{ json x }}', { x: deep })).to.contain('512 levels');
  });

  it('json and parseJson are inverse', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (x) => {
        expect(JSON.stringify(run('{{ parseJson (json x) }}', { x }))).to.equal(JSON.stringify(x));
      }),
    );
  });
});

describe('encodings', () => {
  it('hash as the published vectors do', () => {
    expect(run('{{ sha256 "abc" }}')).to.equal(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    // RFC 4231, test case 2.
    expect(run('{{ hmac "sha256" "Jefe" "what do ya want for nothing?" }}')).to.equal(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
    expect(run('{{ hmac "sha1" "key" "text" "base64" }}')).to.match(/^[\w+/]{27}=$/);
  });

  it('name UUIDs in a namespace', () => {
    // RFC 9562, appendix A.4.
    expect(run('{{ uuid5 "6ba7b810-9dad-11d1-80b4-00c04fd430c8" "www.example.com" }}')).to.equal(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    );
    expect(run('{{ uuid5 "a" }}')).to.equal(run('{{ uuid5 "url" "a" }}'));
    expect(fault('{{ uuid5 "nowhere" "a" }}')).to.contain('it must be a UUID');
  });
});

describe('dates', () => {
  const at = '2026-03-29T00:30:15.123456789Z';
  it('have named formats', () => {
    expect(run('{{ formatDate at "iso" }}', { at })).to.equal('2026-03-29T00:30:15.123Z');
    expect(run('{{ formatDate at "iso" "America/New_York" }}', { at })).to.equal(
      '2026-03-28T20:30:15.123-04:00',
    );
    expect(run('{{ formatDate at "date" "Asia/Tokyo" }}', { at })).to.equal('2026-03-29');
    expect(run('{{ formatDate at "unix" }}', { at })).to.equal(1774744215);
    expect(run('{{ formatDate at "unixMillis" }}', { at })).to.equal(1774744215123);
    expect(run('{{ formatDate at "unixNanos" }}', { at })).to.equal('1774744215123456789');
    expect(run('{{ formatDate at "iso" }}', { at: 1774744215123 })).to.equal('2026-03-29T00:30:15.123Z');
  });

  it('have patterns with quoted text', () => {
    expect(run('{{ formatDate at "EEE, d MMM yyyy HH:mm:ss XXX" "+05:30" }}', { at })).to.equal(
      'Sun, 29 Mar 2026 06:00:15 +05:30',
    );
    expect(run(`{{ formatDate at "yyyyMMdd'T'HHmmss''SSS" }}`, { at })).to.equal("20260329T003015'123");
    expect(run('{{ formatDate at "h:mm a" }}', { at })).to.equal('12:30 AM');
  });

  it('are local to the zone where they bring no offset', () => {
    expect(run('{{ formatDate "2026-03-29" "date" "America/New_York" }}')).to.equal('2026-03-29');
    expect(run('{{ formatDate "2026-07-01T10:00" "iso" "Europe/Berlin" }}')).to.equal(
      '2026-07-01T10:00:00.000+02:00',
    );
    expect(run('{{ formatDate "2026-07-01T10:00:00-0300" "iso" }}')).to.equal('2026-07-01T13:00:00.000Z');
  });

  it('that are none are refused', () => {
    for (const at of ['tomorrow', '2026-02-30', '2026-13-01', '2026-01-01T25:00:00Z', '', 9e15]) {
      expect(fault('{{ formatDate at "iso" }}', { at })).to.contain('is no date');
    }
    expect(fault('{{ formatDate at "iso" zone }}', { at, zone: 'Mars/Base' })).to.contain(
      'it must be a time zone',
    );
  });

  it('move by durations', () => {
    expect(run('{{ addDuration "2026-01-31" "P1D" }}')).to.equal('2026-02-01');
    expect(run('{{ addDuration "2026-01-31" "-PT1H" }}')).to.equal('2026-01-30T23:00:00.000Z');
    expect(run('{{ addDuration x "PT1S" }}', { x: 1000 })).to.equal(2000);
    expect(fault('{{ addDuration x "P40000000W" }}', { x: '9999-12-31' })).to.contain('is no date');
    expect(run('{{ formatDate (addDuration x "PT0S") "unixMillis" }}', { x: at })).to.equal(1774744215123);
  });

  it('that are written as ISO text read back as the same instant, in every zone', () => {
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Apia', '-03:30');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), zones, (ms, zone) => {
        expect(run('{{ formatDate (formatDate ms "iso" zone) "unixMillis" }}', { ms, zone })).to.equal(ms);
      }),
    );
  });
});

describe('numbers', () => {
  it('stay numbers that are exact, or fail', () => {
    expect(fault('{{ divide 1 x }}', { x: 0 })).to.contain('nothing is divided by 0');
    expect(fault('{{ multiply x x }}', { x: 1e200 })).to.contain('no finite number');
    expect(fault('{{ add x 1 }}', { x: 9007199254740991 })).to.contain('2^53');
    expect(fault('{{ add x 1 }}', { x: '1' })).to.contain('it must be a number');
  });

  it('round the digits as written', () => {
    expect(run('{{ round 2.5 }}')).to.equal(3);
    expect(run('{{ round -2.5 }}')).to.equal(-3);
    expect(run('{{ round x 3 }}', { x: 1e-10 })).to.equal(0);
    expect(run('{{ round x 2 }}', { x: 123.456 })).to.equal(123.46);
    expect(fault('{{ round 1 x }}', { x: 16 })).to.contain('0 to 15');
  });

  it('are read from decimal text only', () => {
    expect(run('{{ toNumber "-1.50" }}')).to.equal(-1.5);
    for (const x of ['', '0x10', 'Infinity', 'NaN', '1,5', '9007199254740993', '1e999']) {
      expect(() => run('{{ toNumber x }}', { x })).to.throw(StepFault);
    }
  });

  it('are written as text', () => {
    expect(run('{{ toString 1.5 }}')).to.equal('1.5');
    expect(run('{{ toString x }}', { x: null })).to.equal('');
    expect(fault('{{ toString x }}', { x: [] })).to.contain('a list of 0');
  });
});
