import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type { CommerceMessage } from './messages.ts';
import type { CommerceSink } from './generate-commerce.ts';

const MESSAGES = 'transactions.ndjson';
const CHUNK = 64 * 1024;

/**
 * Writes generated data into a folder: files under their keys, and messages as lines of `transactions.ndjson`. Each has
 * its name once it is whole; before, a dot stands in front of it, and nobody takes it in.
 */
export async function folderSink(folder: string): Promise<CommerceSink & { close(): Promise<void> }> {
  await mkdir(folder, { recursive: true });
  const messages = new Lines(path.join(folder, `.${MESSAGES}`));
  return {
    file: (key, content) => dropFile(folder, key, content),
    message: (message: CommerceMessage) => messages.write(`${JSON.stringify(message)}\n`),
    async close() {
      await messages.close();
      await rename(path.join(folder, `.${MESSAGES}`), path.join(folder, MESSAGES));
    },
  };
}

/** Writes a file under its key, there once it is whole. */
export async function dropFile(folder: string, key: string, content: Iterable<Uint8Array>): Promise<void> {
  const file = path.join(folder, ...key.split('/'));
  const part = path.join(path.dirname(file), `.${path.basename(file)}`);
  await mkdir(path.dirname(file), { recursive: true });
  await pipeline(Readable.from(content), createWriteStream(part));
  await rename(part, file);
}

/** Lines of a file, written many at a time. */
class Lines {
  readonly #stream: WriteStream;
  readonly #done: Promise<void>;
  #text = '';

  constructor(file: string) {
    this.#stream = createWriteStream(file);
    this.#done = finished(this.#stream);
    // Whoever closes is told.
    this.#done.catch(() => undefined);
  }

  write(line: string): Promise<void> | undefined {
    this.#text += line;
    return this.#text.length < CHUNK ? undefined : this.#flush();
  }

  async close(): Promise<void> {
    await this.#flush();
    this.#stream.end();
    await this.#done;
  }

  async #flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    await new Promise<void>((settle, fail) => {
      this.#stream.write(text, (error) => (error ? fail(error) : settle()));
    });
  }
}
