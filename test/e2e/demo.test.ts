import { expect } from 'chai';
import { command } from '../support/shell.ts';

/** The cells of the table under a line that begins so, header first. */
function tableBelow(out: string, heading: string): readonly (readonly string[])[] {
  const lines = out.split('\n');
  const start = lines.findIndex((line) => line.startsWith(heading)) + 1;
  const end = lines.findIndex((line, i) => i >= start && line.includes('└'));
  const rows = start === 0 || end === -1 ? [] : lines.slice(start, end).filter((line) => line.includes('│'));
  return rows.map((row) => row.split('│').slice(1, -1).map((cell) => cell.trim()));
}

describe('npm run demo', function () {
  this.timeout(90_000);

  it('shows the main job from end to end with no outside account, and ends with 0', async () => {
    const { end, out, err } = await command('npm', ['run', 'demo']);
    expect(end, err).to.equal(0);

    // The traces, one for each of the three actions a response has set off.
    expect(out).to.match(/google-sheets for Ada Lovelace: succeeded\n(?: {4}\S+ #\d.*\n)* {4}append #1 {2}succeeded {2}200/);
    expect(out.match(/^ {2}(?:google-sheets|twilio-sms|log-event) for .+: succeeded$/gm)).to.have.length(9);

    // The quota: answered 429, waited for as it asked, sent again.
    expect(out).to.match(/append #1 {2}waiting {2}429 .*again in PT2S\n {4}append #2 {2}succeeded {2}200/);
    expect(out).to.contain('"append" was answered with 429 and came again after PT2S.');

    // The sheet as a table with its header, every text exactly as it was answered.
    expect(tableBelow(out, 'The sheet:').map(([name]) => name)).to.deep.equal(['Name', 'Ada Lovelace', 'علي حسن', 'Grace Hopper 🎉']);

    // The messages on the phones.
    expect(out.match(/^ {2}to \+\d+: Hello .+$/gm)).to.have.length(3);
    expect(out).to.contain('Hello Grace Hopper 🎉');

    // The last chapter: the responses as a typed table, and what SQL says of it.
    const columns = tableBelow(out, 'The responses as a typed table');
    expect(columns[0]).to.deep.equal(['name', 'type', 'nullable']);
    expect(columns.slice(1).map(([name, type]) => `${name} ${type}`)).to.include.members([
      'name text',
      'guests int',
      'vegetarian bool',
      'arrival text',
      'answered timestamp',
    ]);
    expect(tableBelow(out, 'SELECT name,')).to.deep.equal([
      ['name', 'guests', 'vegetarian', 'arrival'],
      ['Grace Hopper 🎉', '4', 'false', 'Friday'],
      ['Ada Lovelace', '2', 'true', 'Friday'],
      ['علي حسن', '1', '', 'Saturday'],
    ]);
    expect(tableBelow(out, 'SELECT arrival,')).to.deep.equal([
      ['arrival', 'parties', 'guests'],
      ['Friday', '2', '6'],
      ['Saturday', '1', '1'],
    ]);
  });
});
