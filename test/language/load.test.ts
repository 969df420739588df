import { expect } from 'chai';
import { loadYaml } from '../../core/language/load/load.ts';
import { formatFinding } from '../../core/language/source.ts';

function findings(text: string): string[] {
  return loadYaml('a.yaml', text).findings.map(formatFinding);
}

const REFUSED: readonly (readonly [what: string, text: string, finding: string])[] = [
  [
    'an empty file',
    '',
    'a.yaml:1:1 (file): The file is empty. A definition begins with "apiVersion: sluice/v1".',
  ],
  ['a tab as indentation', 'a:\n\tb: 1\n', 'a.yaml:2:1 (file): A tab is used as indentation. Use blanks.'],
  [
    'a second document',
    '---\na: 1\n---\nb: 2\n',
    'a.yaml:3:1 (file): A second document begins here ("---"). Write one definition a file.',
  ],
  [
    'a key that is there twice',
    'a: 1\nb: 2\na: 3\n',
    'a.yaml:3:1 a: The key "a" is here twice; it is on line 1 already. Keep one of them.',
  ],
  [
    'a merge key',
    'a: &x { b: 1 }\nc:\n  <<: *x\n',
    'a.yaml:3:3 c: The merge key "<<" is not supported; write the keys out.',
  ],
  ['the key __proto__', '"__proto__": 1', 'a.yaml:1:1 (file): The key "__proto__" is not allowed.'],
  [
    'a number as a key',
    'headers: { 404: x }',
    'a.yaml:1:12 headers: The key 404 is not text. Put it in quotes: "404".',
  ],
  [
    'an unquoted template',
    'a: [ {{ x.y }} ]',
    'a.yaml:1:6 a[0]: YAML reads {{ x.y }} without quotes as a map. Put it in quotes: "{{ x.y }}".',
  ],
  [
    'an unquoted template with text after it',
    'a:\n  path: {{ x }}/rows\n',
    'a.yaml:2:9 (file): YAML reads "{{" without quotes as the start of a map. Put the whole value in quotes: "{{ x }}/rows".',
  ],
  [
    'an unquoted telephone number',
    'to: +15551234567',
    'a.yaml:1:5 to: YAML reads +15551234567 as the number 15551234567, without its plus sign. If text is meant, put it in quotes: "+15551234567".',
  ],
  [
    'a number with leading zeros',
    'zip: 0123',
    'a.yaml:1:6 zip: YAML reads 0123 as the number 123, without its leading zeros. If text is meant, put it in quotes: "0123".',
  ],
  [
    'a number of more digits than a number holds',
    'id: 12345678901234567890',
    'a.yaml:1:5 id: YAML reads 12345678901234567890 as the number 12345678901234567000, which does not hold all of its digits. If text is meant, put it in quotes: "12345678901234567890".',
  ],
  [
    'what is no JSON number',
    'a: .nan',
    'a.yaml:1:4 a: .nan is not a JSON number. If text is meant, put it in quotes: ".nan".',
  ],
  [
    'a tag',
    'a: !secret x',
    'a.yaml:1:12 a: The tag !secret is not supported; write the value without a tag.',
  ],
  [
    'an alias without an anchor',
    'a: *nope',
    'a.yaml:1:4 a: *nope names no anchor above it; anchors are written &nope.',
  ],
  [
    'a text with ": " in it',
    'a: note: b',
    'a.yaml:1:4 (file): There is a second ": " on this line. If it is part of the text, put the text in quotes.',
  ],
  [
    'a hundred thousand brackets',
    '['.repeat(100_000),
    'a.yaml:1:65 (file): This is nested more than 64 levels deep.',
  ],
  [
    'fifty thousand dashes',
    '- '.repeat(50_000),
    'a.yaml:1:129 (file): This is nested more than 64 levels deep.',
  ],
  [
    'a file beyond a mebibyte',
    `a: ${'x'.repeat(1024 * 1024)}`,
    'a.yaml:1:1 (file): The file has 1048579 bytes; a definition has 1048576 at most.',
  ],
];

describe('loading a YAML file', () => {
  for (const [what, text, finding] of REFUSED) {
    it(`refuses ${what}`, () => expect(findings(text)).to.deep.equal([finding]));
  }

  it('refuses an alias that holds itself', () => {
    const [finding = ''] = findings('a: &a [*a]');
    expect(finding).to.match(/^a\.yaml:1:7 a.*: This is nested more than 64 levels deep\.$/);
  });

  it('refuses aliases that grow', () => {
    const level = (name: string, of: string) =>
      `${name}: &${name} [${Array.from({ length: 10 }, () => of).join(', ')}]`;
    const bomb = [level('a', 'lol'), level('b', '*a'), level('c', '*b'), level('d', '*c')].join('\n');
    expect(findings(bomb)).to.deep.equal([
      'a.yaml:2:12 c[8][1]: More than 100 aliases are in use; write the values out.',
    ]);
  });

  it('writes plain aliases out', () => {
    const { document, findings } = loadYaml('a.yaml', 'a: &x { b: [1, two] }\nc: *x\n');
    expect(findings).to.deep.equal([]);
    expect(document?.value).to.deep.equal({ a: { b: [1, 'two'] }, c: { b: [1, 'two'] } });
  });

  it('reads YAML 1.2: dates and yes are text', () => {
    const { document } = loadYaml('a.yaml', 'a: 2026-03-31\nb: yes\nc: 010101a\nd: "+1"\ne: 1.5\nf: ~\n');
    expect(document?.value).to.deep.equal({
      a: '2026-03-31',
      b: 'yes',
      c: '010101a',
      d: '+1',
      e: 1.5,
      f: null,
    });
  });

  it('goes on with what was meant, so that one mistake does not hide the next', () => {
    const { document, usable } = loadYaml('a.yaml', 'a: {{ x }}\nb: +15\n');
    expect(usable).to.equal(true);
    expect(document?.value).to.deep.equal({ a: '{{ x }}', b: '+15' });
  });

  it('finds a character of a text in every way of writing it', () => {
    const text = [
      'a: xx{{',
      'b: "\\u0041\\n{{"',
      "c: 'it''s {{'",
      'd: |',
      '  one',
      '  two {{',
      'e: >',
      '  fold',
      '  {{',
    ].join('\n');
    const { document } = loadYaml('a.yaml', text);
    const spots = Object.entries(document?.value as Record<string, string>).map(([key, value]) => {
      const { line, column } = document!.finding('error', `/${key}`, '', { offset: value.indexOf('{{') });
      return `${key} ${line}:${column}`;
    });
    // A folded text has no place of its own in the file: there it is the beginning.
    expect(spots).to.deep.equal(['a 1:6', 'b 2:13', 'c 3:11', 'd 6:7', 'e 7:4']);
  });

  it('refuses what is not text, at the byte', () => {
    for (const bytes of [Buffer.from('a: 1\nb: \0'), Buffer.from([0x61, 0x3a, 0x20, 0x31, 0x0a, 0x62, 0x3a, 0x20, 0xff])]) {
      const { findings, usable } = loadYaml('a.yaml', bytes.toString('utf8'));
      expect(usable).to.equal(false);
      expect(findings.map(({ line, column, message }) => `${line}:${column} ${message}`)).to.deep.equal([
        '2:4 The file is not text: here is a byte that UTF-8 has not, or NUL. Save it as UTF-8.',
      ]);
    }
  });
});
