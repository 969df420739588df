import { expect } from 'chai';
import fc from 'fast-check';
import { followPointer, pointerSegment } from '../../core/kernel/json.ts';
import { didYouMean, nearest } from '../../core/kernel/suggest.ts';

describe('JSON Pointers', () => {
  it('find what RFC 6901 says they find', () => {
    const document = { foo: ['bar', 'baz'], '': 0, 'a/b': 1, 'm~n': 8 };
    expect(followPointer(document, '')).to.equal(document);
    expect(followPointer(document, '/foo/0')).to.equal('bar');
    expect(followPointer(document, '/')).to.equal(0);
    expect(followPointer(document, '/a~1b')).to.equal(1);
    expect(followPointer(document, '/m~0n')).to.equal(8);
    expect(followPointer(document, '/foo/01')).to.equal(undefined);
  });

  it('never reach what an object inherits', () => {
    for (const name of ['constructor', '__proto__', 'toString']) {
      expect(followPointer({}, `/${name}`)).to.equal(undefined);
      expect(followPointer([], `/${name}`)).to.equal(undefined);
    }
    expect(followPointer(['x'], '/length')).to.equal(undefined);
  });

  it('made of any key lead back to its value', () => {
    fc.assert(
      fc.property(fc.string(), (key) => {
        const document = Object.fromEntries([[key, 'here']]);
        return followPointer(document, pointerSegment(key)) === 'here';
      }),
    );
  });
});

describe('Suggestions', () => {
  it('name the nearest accepted word, whatever its case', () => {
    expect(nearest('appendRwo', ['appendRow', 'updateRow'])).to.equal('appendRow');
    expect(nearest('APPENDROW', ['appendRow'])).to.equal('appendRow');
    expect(didYouMean('questoin', ['question', 'answer'])).to.equal(' Did you mean "question"?');
  });

  it('stay away where nothing is near', () => {
    expect(didYouMean('banana', ['question', 'answer'])).to.equal('');
  });
});
