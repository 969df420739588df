import { expect } from 'chai';
import { command } from '../support/shell.ts';

describe('npm run demo:commerce', function () {
  this.timeout(240_000);

  it('takes a shop from its files to answers, and then once more, which changes nothing, and ends with 0', async () => {
    const { end, out, err } = await command('npm', ['run', 'demo:commerce']);
    expect(end, err).to.equal(0);
    const [first = '', again = ''] = out.split('\nThe same once more:');

    expect(first).to.match(/The ledger: 120 files, \d+ rows, .* [1-9]\d* quarantined, /);
    expect(first.match(/^ {2}Refused /gm)).to.have.length(3);
    expect(first).to.match(/Revenue \d+\.\d\d, \d+ items and \d+ changes of prices: to the cent what was made\./);
    for (const title of ['by product', 'by customer', 'by variant', 'by day']) expect(first, title).to.contain(title);
    expect(first.match(/^ {2}2026-01-\d\d .*█/gm)?.length).to.be.greaterThan(25);

    expect(again).to.match(/(\d+) messages sent: every one was known\.\n {2}The ledger: 120 files, /);
    expect(again).to.match(/Nothing was loaded, no partition was dirty, and all \d+ partitions hold what they held\./);
  });
});
