import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../architecture/sources.ts';
import { commandLine } from './command-line.ts';

const DOCUMENTS = ['README.md', '.github/CONTRIBUTING.md', ...readdirSync(path.join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];

/** Command lines in code: a command, and the word after it, which may be a command below it. */
function commandsIn(text: string): readonly (readonly [command: string, next: string])[] {
  const code = text.match(/```sh\n[^]*?```|`[^`\n]+`/g) ?? [];
  return code.flatMap((part) => [...part.matchAll(/\bsluice ([a-z]+)(?: ([a-z]+)\b)?/g)].map(([, name = '', next = '']) => [name, next] as const));
}

describe('the documents', () => {
  it('name no command that does not exist', async () => {
    const named = DOCUMENTS.flatMap((file) => commandsIn(readFileSync(path.join(ROOT, file), 'utf8')).map((words) => [file, ...words] as const));
    expect(named.length).to.be.greaterThan(10);
    const parents = new Set(['keys', 'shards']);
    for (const [file, name, next] of named) {
      const words = parents.has(name) && next !== '' ? [name, next] : [name];
      const { code, err } = await commandLine([...words, '--help']);
      expect(code, `${file} names "sluice ${words.join(' ')}": ${err}`).to.equal(0);
    }
  });

  it('link to files that exist', () => {
    for (const file of DOCUMENTS) {
      const text = readFileSync(path.join(ROOT, file), 'utf8');
      for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)) {
        const place = path.join(ROOT, path.dirname(file), target);
        expect(() => readFileSync(place), `${file} links to ${target}`).to.not.throw();
      }
    }
  });
});
