import { expect } from 'chai';
import { isUuid, uuid5, uuid7 } from '../../core/kernel/ids.ts';

describe('Ids', () => {
  it('of version 7 are unique, ordered, and carry their time', () => {
    const ids = Array.from({ length: 10_000 }, () => uuid7());
    expect(new Set(ids).size).to.equal(ids.length);
    expect([...ids].sort()).to.deep.equal(ids);
    expect(ids.every((id) => isUuid(id) && id[14] === '7')).to.equal(true);
    const time = parseInt(ids[0]!.replaceAll('-', '').slice(0, 12), 16);
    expect(Math.abs(Date.now() - time)).to.be.lessThan(60_000);
  });

  it('of version 7 follow a clock that was set back', () => {
    const timeOf = (id: string): number => parseInt(id.replaceAll('-', '').slice(0, 12), 16);
    uuid7(Date.now() + 86_400_000);
    expect(Math.abs(Date.now() - timeOf(uuid7()))).to.be.lessThan(60_000);
  });

  it('of version 5 are as RFC 9562 gives them', () => {
    // RFC 9562, appendix A.4: namespace DNS, "www.example.com".
    expect(uuid5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).to.equal('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  });
});
