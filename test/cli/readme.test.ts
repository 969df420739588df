import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { ROOT } from '../architecture/sources.ts';
import { commandLine } from './command-line.ts';

const EXAMPLE = /^```yaml\n(apiVersion:[^]*?)^```$/m;

describe('the definition in the README', () => {
  const [, text = ''] = EXAMPLE.exec(readFileSync(path.join(ROOT, 'README.md'), 'utf8')) ?? [];
  const { id } = parse(text) as { id: string };
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'sluice-readme-')), `${id}.yaml`);
  writeFileSync(file, text);

  it('is clean', async () => {
    expect(await commandLine(['lint', file])).to.deep.equal({
      code: 0,
      out: '1 file, no findings.\n',
      err: '',
    });
  });

  it('passes its own tests, which hit every rule', async () => {
    const { code, out } = await commandLine(['test', file, '--format', 'json']);
    expect(JSON.parse(out)).to.deep.include({ failed: 0, coverage: { rules: 1, hit: 1 } });
    expect(code).to.equal(0);
  });
});
