import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { ERROR_STATUS } from '../../core/kernel/errors.ts';
import { ROOT, sourceFiles } from './sources.ts';

const ROW = /^\| `([A-Za-z_]+)` \| (\d{3}) \| ([^|]+) \| ([^|]+) \|$/gm;

describe('the list of error codes', () => {
  it('is the one that docs/errors.md explains, with the same statuses', () => {
    const rows = [...readFileSync(path.join(ROOT, 'docs/errors.md'), 'utf8').matchAll(ROW)];
    const documented = Object.fromEntries(rows.map(([, code, status]) => [code!, Number(status)]));
    expect(documented).to.deep.equal({ ...ERROR_STATUS });
  });

  it('holds no code that nothing answers with', () => {
    const code = sourceFiles('core', 'db')
      .filter(({ file }) => file !== 'core/kernel/errors.ts')
      .map(({ text }) => text)
      .join('\n');
    expect(
      Object.keys(ERROR_STATUS).filter((name) => !new RegExp(`['"]${name}['"]`).test(code)),
    ).to.deep.equal([]);
  });
});
