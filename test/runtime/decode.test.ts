import { expect } from 'chai';
import { decodeBody, type DecodeAs } from '../../core/runtime/decode.ts';

function decode(body: string | Buffer, type?: string, how?: DecodeAs) {
  return decodeBody(
    { headers: type === undefined ? {} : { 'content-type': type }, body: Buffer.from(body) },
    how,
  );
}

describe('decoding of answers', () => {
  const json = '{"a":[1,"ü🦊",null]}';
  const tree = { a: [1, 'ü🦊', null] };

  for (const type of [
    'application/json',
    'application/json; charset=utf-8',
    'application/problem+json',
    'text/json',
    'application/x-amz-json-1.0',
    'APPLICATION/JSON',
  ]) {
    it(`reads JSON from ${type}`, () => expect(decode(json, type)).to.deep.equal({ body: tree }));
  }

  it('recognises JSON where no content type is given, and takes anything else as text', () => {
    expect(decode(json)).to.deep.equal({ body: tree });
    expect(decode('[not json')).to.deep.equal({ body: '[not json' });
    expect(decode('OK')).to.deep.equal({ body: 'OK' });
  });

  it('leaves text/plain and HTML text', () => {
    expect(decode(json, 'text/plain')).to.deep.equal({ body: json });
    expect(decode('<p>Down</p>', 'text/html')).to.deep.equal({ body: '<p>Down</p>' });
  });

  it('gives an empty body as null', () =>
    expect(decode('', 'application/json')).to.deep.equal({ body: null }));

  it('keeps what is not JSON as text, and says why', () => {
    const decoded = decode('<html>Bad gateway', 'application/json');
    expect(decoded.body).to.equal('<html>Bad gateway');
    expect(decoded.undecodable).to.match(/^The body is not JSON: /);
    expect(decode('hello', 'text/plain', 'json').undecodable).to.match(/^The body is not JSON: /);
  });

  it('refuses 100,000 levels before they are parsed, brackets in texts not counted', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(decode(deep, 'application/json').undecodable).to.contain('deeper than 512 levels');
    const shallow = JSON.stringify({
      text: '[{"\\'.repeat(1000),
      list: Array.from({ length: 1000 }, () => ['"\\"']),
    });
    expect(decode(shallow, 'application/json').body).to.deep.equal(JSON.parse(shallow));
  });

  it('keeps __proto__ an ordinary key', () => {
    const { body } = decode('{"__proto__":{"admin":true}}', 'application/json');
    expect(Object.hasOwn(body as object, '__proto__')).to.equal(true);
    expect((body as { admin?: boolean }).admin).to.equal(undefined);
  });

  it('reads the declared charset, and strips a byte order mark', () => {
    expect(decode(Buffer.from('Grüße', 'latin1'), 'text/plain; charset=ISO-8859-1').body).to.equal('Grüße');
    expect(decode(Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), 'application/json').body).to.deep.equal({});
    expect(decode('ü', 'text/plain; charset=martian').body).to.equal('ü');
  });

  it('does not decode what is no text, nor where told not to', () => {
    expect(decode(Buffer.from([0, 1]), 'image/png')).to.deep.equal({ body: null });
    expect(decode(json, 'application/json', 'none')).to.deep.equal({ body: null });
    expect(decode(json, 'application/json', 'text')).to.deep.equal({ body: json });
  });

  describe('CSV', () => {
    it('gives a map a row', () => {
      const text = 'id,name,note\r\n1,"Lovelace, Ada","says ""hi""\nbye"\r\n2,,\n';
      expect(decode(text, 'text/csv').body).to.deep.equal([
        { id: '1', name: 'Lovelace, Ada', note: 'says "hi"\nbye' },
        { id: '2', name: '', note: '' },
      ]);
    });

    it('names what does not fit', () => {
      expect(decode('a,b\n1\n', 'text/csv').undecodable).to.contain('record 2 has 1 fields, its header 2');
      expect(decode('a,b\n"1,2\n', 'text/csv').undecodable).to.contain('unclosed quote');
    });
  });

  describe('XML', () => {
    it('has elements as keys, repeats as lists, attributes and text', () => {
      const text =
        '<?xml version="1.0"?><!-- c --><r a="1 &amp; 2"><i>x</i><i n=\'2\'>y</i><e/><c><![CDATA[<raw>]]></c>&#x1F98A;</r>';
      expect(JSON.parse(JSON.stringify(decode(text, 'application/xml').body))).to.deep.equal({
        r: { '@a': '1 & 2', i: ['x', { '@n': '2', '#text': 'y' }], e: '', c: '<raw>', '#text': '🦊' },
      });
    });

    for (const text of [
      '<a>',
      '<a></b>',
      '<a/><b/>',
      'text',
      '<a b=1/>',
      '</a>',
      '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
      '<a>'.repeat(600),
    ]) {
      it(`refuses ${text.slice(0, 60)}`, () =>
        expect(decode(text, 'text/xml').undecodable).to.match(/^The body is not XML: /));
    }
  });
});
