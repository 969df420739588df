import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { Plugin } from '../../core/kernel/plugin.ts';
import { ROOT } from './sources.ts';

describe('plugins', () => {
  for (const folder of readdirSync(path.join(ROOT, 'plugins'), { withFileTypes: true })) {
    if (!folder.isDirectory()) continue;
    it(`${folder.name} is named as its folder and says what it is`, async () => {
      const module = (await import(path.join(ROOT, 'plugins', folder.name, 'index.ts'))) as {
        default: Plugin;
      };
      expect(module.default.name).to.equal(folder.name);
      expect(module.default.summary).to.match(/\.$/);
      expect(module.default.example).to.not.equal('');
    });
  }
});
