import { expect } from 'chai';
import { matches, type StoredEvent } from '../../../../core/domains/logs/filter/matches.ts';
import { parseFilter } from '../../../../core/domains/logs/filter/parse.ts';
import { SluiceError } from '../../../../core/kernel/errors.ts';
import type { LogColumn } from '../../../../core/kernel/logs.ts';

const COLUMNS: readonly LogColumn[] = [
  { name: 'level', type: 'string' },
  { name: 'message', type: 'string' },
  { name: 'latency', type: 'int' },
  { name: 'ratio', type: 'float' },
  { name: 'ok', type: 'bool' },
  { name: 'at', type: 'timestamp' },
  { name: 'payload', type: 'json' },
];

const EVENT: StoredEvent = {
  id: 7,
  _time: '2026-01-31 12:00:00.000000',
  level: 'error',
  message: 'Connection timed out (try 3)',
  latency: 1200,
  ok: false,
  at: '2026-01-31 11:00:00.500000',
  payload: '{"user":"Ada"}',
};

const holds = (q: string): boolean => matches(parseFilter(q, COLUMNS), EVENT);

function refusal(q: string): string {
  try {
    parseFilter(q, COLUMNS);
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'VALIDATION_FAILED') {
      expect(error.errors).to.deep.equal([{ path: '/query/q', message: error.message }]);
      return error.message;
    }
    throw error;
  }
  throw new Error(`This is accepted: ${q}`);
}

describe('the language of filters', () => {
  for (const q of [
    '',
    '  ',
    'timed',
    'TIMED OUT',
    '"timed out (TRY 3)"',
    'ada',
    'level:error',
    'level:err*',
    'level:"err"*',
    'latency:1200',
    'latency:>1000 latency:<=1200',
    'ok:false',
    'at:2026-01-31T11:00:00.5Z',
    'at:>=2026-01-31T12:00:00+01:00',
    '_time:<2026-02-01T00:00:00Z id:7',
    'payload:"{ \\"user\\": \\"Ada\\" }"',
    'level:*',
    '-ratio:*',
    '-ratio:>1',
    '-level:info -warning',
    'NOT level:info AND error',
    'nothing OR timed',
    'error level:info OR latency:>1000',
    '(level:info OR level:error) (timed OR refused)',
    '-(level:info OR refused)',
    '--level:error',
    '"say \\"x\\"" OR error',
  ]) {
    it(`finds by ${q === '' ? 'nothing' : q}`, () => expect(holds(q)).to.equal(true));
  }

  for (const q of [
    'refused',
    '"out timed"',
    'level:ERROR',
    'level:"err*"',
    'latency:>1200',
    'ratio:>0',
    'ratio:*',
    '-level:error',
    '-(level:error OR refused)',
    'level:info error OR refused',
    'toString',
  ]) {
    it(`finds nothing by ${q}`, () => expect(holds(q)).to.equal(false));
  }

  const refusals: readonly (readonly [string, string])[] = [
    [
      'lvel:error',
      'At character 1: "lvel" is no field of this family; there are id, _time, level, message, latency, ratio, ok, at, payload. Did you mean "level"? To look for text with a colon in it, put it in quotes.',
    ],
    [
      'x toString:1',
      'At character 3: "toString" is no field of this family; there are id, _time, level, message, latency, ratio, ok, at, payload. To look for text with a colon in it, put it in quotes.',
    ],
    [
      'latency:fast',
      'At character 9: latency is of the type int. Expected a whole number, or one as decimal text, got the text "fast".',
    ],
    [
      'latency:>1.5',
      'At character 10: latency is of the type int. Expected a whole number, or one as decimal text, got the text "1.5".',
    ],
    [
      'latency:9223372036854775808',
      'At character 9: latency is of the type int. 9223372036854775808 is beyond what an int holds: -9223372036854775808 to 9223372036854775807.',
    ],
    ['ratio:half', 'At character 7: ratio is of the type float. Expected a number, got "half".'],
    [
      'ratio:1e999',
      'At character 7: ratio is of the type float. The number is larger than a double-precision number can be.',
    ],
    ['ok:yes', 'At character 4: ok is of the type bool. Expected true or false, got "yes".'],
    ['ok:>true', 'At character 1: > does not apply to ok, which is of the type bool.'],
    [
      'at:yesterday',
      'At character 4: at is of the type timestamp. "yesterday" is not a time of RFC 3339 with an offset, such as "2026-01-31T12:00:00.5Z" or "2026-01-31T12:00:00+01:00", of the years 1000 to 9999.',
    ],
    [
      'payload:x',
      'At character 9: payload is of the type json. Expected a JSON value in quotes, such as "{\\"a\\":1}", got "x".',
    ],
    [
      'payload:{"a":1}',
      'At character 10: " stands inside a term: leave a blank before it, or put the whole text in quotes.',
    ],
    ['payload:>"1"', 'At character 1: > does not apply to payload, which is of the type json.'],
    [
      'latency:12*',
      'At character 9: latency is of the type int: only the beginning of a string can be looked for with *.',
    ],
    ['level:>a*', 'At character 8: > takes a value, and no *.'],
    [
      'level:a*b',
      'At character 7: * stands at the end only, where it means any ending; put the value in quotes to look for * itself.',
    ],
    ['level:a**', 'At character 7: one * is enough: put the value in quotes to look for * itself.'],
    [
      'time*',
      'At character 1: * is for fields (level:err*): a word is found within texts anyway. Put it in quotes to look for * itself.',
    ],
    [
      'level:',
      'At character 7: a value is missing after level:; write level:* for any value, level:"" for an empty text.',
    ],
    ['"open', 'At character 1: this quote is never closed.'],
    ['""', 'At character 1: there is no text between these quotes.'],
    ['(a', 'At character 1: this ( is never closed.'],
    ['a)', 'At character 2: this ) closes nothing.'],
    ['()', 'At character 2: a term is expected here, and not ); to look for the word, put it in quotes.'],
    [
      'f(x)',
      'At character 2: ( stands inside a term: leave a blank before it, or put the whole text in quotes.',
    ],
    ['OR a', 'At character 1: a term is expected here, and not OR; to look for the word, put it in quotes.'],
    ['a OR', 'At character 5: a term is missing at the end.'],
    [
      'a AND OR b',
      'At character 7: a term is expected here, and not OR; to look for the word, put it in quotes.',
    ],
    ['a - b', 'At character 3: - negates the term right behind it, and there is none.'],
    ['a\0b', 'At character 2: this is no character that can be looked for.'],
    ['a\ud800', 'At character 2: this is no character that can be looked for.'],
    [`${'('.repeat(17)}a${')'.repeat(17)}`, 'At character 17: a filter nests at most 16 deep.'],
    [`${'-'.repeat(17)}a`, 'At character 17: a filter nests at most 16 deep.'],
    ['a '.repeat(65), 'At character 129: a filter has at most 64 terms.'],
    ['a'.repeat(4097), 'At character 4097: a filter has at most 4096 characters; this one has 4097.'],
  ];
  for (const [q, message] of refusals) {
    it(`refuses ${q.length > 40 ? `${q.slice(0, 40)}...` : JSON.stringify(q)}`, () =>
      expect(refusal(q)).to.equal(message));
  }

  it('tells of the place that its reader names', () => {
    expect(() => parseFilter('a)', COLUMNS, '/where'))
      .to.throw(SluiceError)
      .with.nested.property('errors[0].path', '/where');
  });

  it('survives whatever is typed', () => {
    const pieces = [
      'a',
      '"',
      '\\',
      '(',
      ')',
      '-',
      ' ',
      ':',
      '*',
      'OR',
      'level:',
      '>',
      '=',
      'ok:',
      '\u{1f600}',
    ];
    let seed = 1;
    const next = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let i = 0; i < 5000; i++) {
      const q = Array.from({ length: next(12) }, () => pieces[next(pieces.length)]).join('');
      try {
        matches(parseFilter(q, COLUMNS), EVENT);
      } catch (error) {
        expect(error, q).to.be.instanceOf(SluiceError);
      }
    }
  });
});
