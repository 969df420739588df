import { expect } from 'chai';
import { command } from '../support/shell.ts';

describe('npm run demo', function () {
  this.timeout(90_000);

  it('shows the main job from end to end with no outside account, and ends with 0', async () => {
    const { end, out, err } = await command('npm', ['run', 'demo']);
    expect(end, err).to.equal(0);

    // The traces, one for each of the two actions a response has set off.
    expect(out).to.match(/google-sheets for Ada Lovelace: succeeded\n(?: {4}\S+ #\d.*\n)* {4}append #1 {2}succeeded {2}200/);
    expect(out.match(/^ {2}(?:google-sheets|twilio-sms) for .+: succeeded$/gm)).to.have.length(6);

    // The quota: answered 429, waited for as it asked, sent again.
    expect(out).to.match(/append #1 {2}waiting {2}429 .*again in PT2S\n {4}append #2 {2}succeeded {2}200/);
    expect(out).to.contain('"append" was answered with 429 and came again after PT2S.');

    // The sheet as a table with its header, every text exactly as it was answered.
    const rows = out.split('\n').filter((line) => line.includes('│'));
    expect(rows.map((row) => row.split('│')[1]?.trim())).to.deep.equal(['Name', 'Ada Lovelace', 'علي حسن', 'Grace Hopper 🎉']);

    // The messages on the phones.
    expect(out.match(/^ {2}to \+\d+: Hello .+$/gm)).to.have.length(3);
    expect(out).to.contain('Hello Grace Hopper 🎉');
  });
});
