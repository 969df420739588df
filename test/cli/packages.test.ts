import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';

// The bootstrap is plain JavaScript without declarations: it runs before anything is installed.
const { missingPackages } = (await import(
  new URL('../../core/cli/bootstrap/packages.mjs', import.meta.url).href
)) as {
  missingPackages: (root: string, options: { dev: boolean }) => string[];
};

const LOCKED = {
  '': { name: 'clone' },
  'node_modules/used': { version: '1.2.0' },
  'node_modules/@scope/tool': { version: '3.0.0', dev: true },
  'node_modules/only-on-mars': { version: '1.0.0', optional: true },
};

/** A clone with this lock file, this record of npm's, and these packages in node_modules. */
function clone(recorded: object | undefined, present: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'sluice-packages-'));
  writeFileSync(path.join(root, 'package-lock.json'), JSON.stringify({ packages: LOCKED }));
  for (const [name, version] of Object.entries(present)) {
    mkdirSync(path.join(root, 'node_modules', name), { recursive: true });
    writeFileSync(path.join(root, 'node_modules', name, 'package.json'), JSON.stringify({ name, version }));
  }
  if (recorded)
    writeFileSync(path.join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages: recorded }));
  return root;
}

describe('missing packages', () => {
  it('are all of the lock file in a fresh clone, but not what is optional', () => {
    expect(missingPackages(clone(undefined, {}), { dev: true })).to.deep.equal(['used', '@scope/tool']);
  });

  it('are those at another version than the lock file asks for', () => {
    const recorded = {
      'node_modules/used': { version: '1.1.0' },
      'node_modules/@scope/tool': { version: '3.0.0' },
    };
    expect(
      missingPackages(clone(recorded, { used: '1.1.0', '@scope/tool': '3.0.0' }), { dev: true }),
    ).to.deep.equal(['used']);
  });

  it('are found without npm’s own record too', () => {
    expect(
      missingPackages(clone(undefined, { used: '1.2.0', '@scope/tool': '3.0.0' }), { dev: true }),
    ).to.deep.equal([]);
  });

  it('are none of the development packages where those are not needed', () => {
    expect(missingPackages(clone(undefined, { used: '1.2.0' }), { dev: false })).to.deep.equal([]);
  });
});
