import { createHash } from 'node:crypto';
import type { CommerceSink } from '../../../../core/domains/datasets/generating/generate-commerce.ts';
import type { CommerceMessage } from '../../../../core/domains/datasets/generating/messages.ts';

/** Generated data in memory. */
export class Generated implements CommerceSink {
  readonly files = new Map<string, Buffer>();
  readonly messages: CommerceMessage[] = [];

  file(key: string, content: Iterable<Uint8Array>): Promise<void> {
    this.files.set(key, Buffer.concat([...content]));
    return Promise.resolve();
  }

  message(message: CommerceMessage): void {
    this.messages.push(message);
  }

  /** Of every byte of it. */
  get hash(): string {
    const hash = createHash('sha256');
    for (const [key, content] of this.files) hash.update(`${key}\n`).update(content);
    return hash.update(JSON.stringify(this.messages)).digest('hex');
  }

  /** Keys of a source's files, by day. */
  keys(source: string): readonly string[] {
    return [...this.files.keys()].filter((key) => key.startsWith(`${source}/`)).sort();
  }
}
