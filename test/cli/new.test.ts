import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { STARTERS } from '../../core/cli/starters.ts';
import { commandLine } from './command-line.ts';

describe('sluice new', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'sluice-new-'));
  });

  for (const kind of Object.keys(STARTERS)) {
    it(`writes ${kind} that is clean, and passes its own tests, which hit every rule`, async () => {
      const file = path.join(folder, 'acme-thing.yaml');
      const { code, out, err } = await commandLine(['new', kind, 'acme-thing', '--out', folder]);
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      expect(out).to.contain(file).and.to.contain('sluice test');
      expect(await commandLine(['lint', file])).to.deep.equal({ code: 0, out: '1 file, no findings.\n', err: '' });
      const tests = await commandLine(['test', file, '--format', 'json']);
      const { failed, passed, coverage } = JSON.parse(tests.out) as { failed: number; passed: number; coverage: { rules: number; hit: number } };
      expect(failed).to.equal(0);
      expect(passed).to.be.greaterThan(1);
      expect(coverage.rules).to.be.greaterThan(0);
      expect(coverage.hit).to.equal(coverage.rules);
    });
  }

  it('names the schema where the editor finds it from the file', async () => {
    await commandLine(['new', 'integration', 'acme', '--out', path.join(folder, 'of', 'mine')]);
    const text = readFileSync(path.join(folder, 'of', 'mine', 'acme.yaml'), 'utf8');
    const [, schema = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
    expect(existsSync(path.resolve(folder, 'of', 'mine', schema))).to.equal(true);
  });

  it('writes into the first folder of SLUICE_DEFINITIONS', async () => {
    const { code } = await commandLine(['new', 'sink', 'acme'], { environment: { SLUICE_DEFINITIONS: folder } });
    expect(code).to.equal(0);
    expect(existsSync(path.join(folder, 'acme.yaml'))).to.equal(true);
  });

  it('overwrites nothing', async () => {
    const file = path.join(folder, 'acme.yaml');
    writeFileSync(file, 'mine');
    const { code, out, err } = await commandLine(['new', 'integration', 'acme', '--out', folder]);
    expect({ code, out }).to.deep.equal({ code: 2, out: '' });
    expect(err).to.contain('is there already, and is left as it is');
    expect(readFileSync(file, 'utf8')).to.equal('mine');
  });

  it('refuses an id that a definition has', async () => {
    const { code, err } = await commandLine(['new', 'integration', 'webhook', '--out', folder]);
    expect(code).to.equal(2);
    expect(err).to.contain('There is a definition "webhook" already, in definitions/integrations/webhook.yaml');
  });

  it('explains an id that is none, and a kind that is none', async () => {
    expect(await commandLine(['new', 'integration', 'AcmeCrm', '--out', folder])).to.deep.equal({
      code: 2,
      out: '',
      err: '"AcmeCrm" is not an id: lower-case letters and digits, joined by "-". Did you mean "acme-crm"?\n',
    });
    for (const id of ['../acme', 'acme.yaml', 'acme--crm', '']) {
      expect((await commandLine(['new', 'integration', id, '--out', folder])).err).to.contain('is not an id');
    }
    const kind = await commandLine(['new', 'integrations', 'acme', '--out', folder]);
    expect(kind.code).to.equal(2);
    expect(kind.err).to.contain('integration, provisioner, sink');
  });
});
