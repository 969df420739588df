import { createHash } from 'node:crypto';
import type { DefinitionSource } from '../source.ts';

/** SHA-256 (hex) of a definition's text and of the files it names, by their names. */
export function contentHash({ text, files = {} }: DefinitionSource): string {
  const hash = createHash('sha256').update(text);
  for (const name of Object.keys(files).sort()) hash.update(`\0${name}\0${files[name] ?? ''}`);
  return hash.digest('hex');
}
