import { connect, type Socket } from 'node:net';
import { onMessages } from './wire.ts';

/** Where and how one program takes requests. */
export interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** One keep-alive connection that posts JSON, one request at a time. */
export class Client {
  readonly #socket: Socket;
  readonly #head: string;
  #done: (start: string) => void = () => {};
  #failed: (error: Error) => void = () => {};

  constructor({ url, headers }: Target) {
    const { hostname, port, pathname } = new URL(url);
    const lines = Object.entries({ host: `${hostname}:${port}`, 'content-type': 'application/json', ...headers });
    this.#head = `POST ${pathname} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}`;
    this.#socket = connect(Number(port), hostname);
    this.#socket.on('error', (error) => this.#failed(error));
    this.#socket.on('close', () => this.#failed(new Error('The connection was closed.')));
    onMessages(this.#socket, ({ start }) => this.#done(start));
  }

  /** A whole request in bytes, to be sent as often as needed. */
  request(body: string): Buffer {
    return Buffer.from(`${this.#head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  /** @throws Error where the answer is not 2xx. */
  async send(request: Buffer): Promise<void> {
    const start = await new Promise<string>((resolve, reject) => {
      this.#done = resolve;
      this.#failed = reject;
      if (this.#socket.destroyed) reject(new Error('The connection was closed before.'));
      else this.#socket.write(request);
    });
    if (!start.startsWith('HTTP/1.1 2')) throw new Error(`A request was answered "${start}".`);
  }

  post(body: string): Promise<void> {
    return this.send(this.request(body));
  }

  close(): void {
    this.#failed = () => {};
    this.#socket.destroy();
  }
}
