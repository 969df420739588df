import { expect } from 'chai';
import { STORED, ValueFault } from '../../../core/domains/logs/values.ts';
import type { Json } from '../../../core/kernel/json.ts';
import type { LogType, LogValue } from '../../../core/kernel/logs.ts';

const accepted: readonly [LogType, Json, LogValue][] = [
  ['string', '', ''],
  ['string', 'a\0b', 'a\0b'],
  ['string', "it's \\ \u{1f436}  ", "it's \\ \u{1f436}  "],
  ['string', 'x'.repeat(65_535), 'x'.repeat(65_535)],
  ['int', 0, 0],
  ['int', 9_007_199_254_740_991, 9_007_199_254_740_991],
  ['int', '42', 42],
  ['int', '-007', -7],
  ['int', '9007199254740992', '9007199254740992'],
  ['int', '9223372036854775807', '9223372036854775807'],
  ['int', '-9223372036854775808', '-9223372036854775808'],
  ['float', 3.7, 3.7],
  ['float', 1e300, 1e300],
  ['bool', false, false],
  ['timestamp', '2026-01-31T13:00:00+01:00', '2026-01-31 12:00:00.000000'],
  ['json', { b: [1, null], a: 'x' }, '{"b":[1,null],"a":"x"}'],
  ['json', 'text', '"text"'],
  ['json', { a: '\0' }, '{"a":"\\u0000"}'],
];

const refused: readonly [LogType, Json, string][] = [
  ['string', 5, 'Expected text, got the number 5.'],
  ['string', ['a'], 'Expected text, got a list.'],
  ['string', 'x'.repeat(65_536), 'The text has 65536 bytes; 65535 are the most that a field holds.'],
  ['string', '\u00e9'.repeat(32_768), 'The text has 65536 bytes; 65535 are the most that a field holds.'],
  [
    'string',
    'a\ud800',
    'The text holds half of a surrogate pair, which is no character. Send whole characters.',
  ],
  ['int', 3.7, '3.7 is not a whole number; the column is of the type int.'],
  ['int', Infinity, 'The number is larger than a double-precision number can be.'],
  [
    'int',
    9_007_199_254_740_992,
    'The number 9007199254740992 is beyond 2^53-1, where numbers of JSON lose digits. Send it as text, such as "9007199254740993".',
  ],
  [
    'int',
    '9223372036854775808',
    '9223372036854775808 is beyond what an int holds: -9223372036854775808 to 9223372036854775807.',
  ],
  ['int', '3.7', 'Expected a whole number, or one as decimal text, got the text "3.7".'],
  ['int', '', 'Expected a whole number, or one as decimal text, got the text "".'],
  [
    'int',
    '1'.repeat(200),
    `Expected a whole number, or one as decimal text, got the text "${'1'.repeat(60)}...".`,
  ],
  ['int', true, 'Expected a whole number, or one as decimal text, got true.'],
  ['float', '3.7', 'Expected a number, got the text "3.7".'],
  ['float', Infinity, 'The number is larger than a double-precision number can be.'],
  ['bool', 1, 'Expected true or false, got the number 1.'],
  ['bool', 'true', 'Expected true or false, got the text "true".'],
  ['timestamp', 0, 'Expected a time as text, such as "2026-01-31T12:00:00Z", got the number 0.'],
  ['json', { a: [Infinity] }, 'The number is larger than a double-precision number can be.'],
  [
    'json',
    { a: 9_007_199_254_740_992 },
    'The number 9007199254740992 in it is beyond 2^53-1, where numbers of JSON lose digits. Send it as text.',
  ],
  [
    'json',
    { '\udc00': 1 },
    'The text holds half of a surrogate pair, which is no character. Send whole characters.',
  ],
];

describe('values of events', () => {
  for (const [type, value, stored] of accepted) {
    it(`are stored as they are meant: ${type} ${shown(value)}`, () => {
      expect(STORED[type](value)).to.equal(stored);
    });
  }

  for (const [type, value, message] of refused) {
    it(`are refused where the type cannot hold them: ${type} ${shown(value)}`, () => {
      const fault = STORED[type](value);
      expect(fault).to.be.instanceOf(ValueFault);
      expect((fault as ValueFault).message).to.equal(message);
    });
  }

  it('have no negative zero', () => {
    expect(Object.is(STORED.int(-0), 0)).to.be.true;
    expect(Object.is(STORED.float(-0), 0)).to.be.true;
  });
});

function shown(value: Json): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value).slice(0, 40);
}
