import { get, type IncomingMessage } from 'node:http';
import pg from 'pg';
import { WebSocket } from 'ws';
import type { Json } from '../../core/kernel/json.ts';
import { eventually } from '../support/sluice-process.ts';
import type { TestApi } from './test-api.ts';

export interface TailedEvent {
  readonly id: number;
  readonly time: string;
  readonly fields: Readonly<Record<string, Json>>;
}

/** A client that tails a family, by either transport. */
export interface Tailing {
  readonly events: TailedEvent[];
  /** Each count of events that it was told were dropped. */
  readonly drops: number[];
  /** How it ended: the code of a WebSocket, 0 for a stream; undefined while it has not. */
  readonly ended: number | undefined;
  /** Waits for so many events. */
  until(count: number): Promise<readonly TailedEvent[]>;
  close(): void;
}

export type OpenTail = (url: string, key: string, path: string) => Promise<Tailing>;

export const TRANSPORTS: Readonly<Record<string, OpenTail>> = { 'server-sent events': openStream, 'a WebSocket': openSocket };

/** Resolves once it is told that it is ready. @throws Error where that is not the first that it is told */
export async function openSocket(url: string, key: string, path: string): Promise<Tailing> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, { headers: { authorization: `Bearer ${key}` } });
  return tailingBy(socket);
}

export async function tailingBy(socket: WebSocket): Promise<Tailing> {
  const inbox = new Inbox(() => socket.terminate());
  socket.on('error', () => {}).on('close', (code) => inbox.end(code));
  socket.on('message', (data: Buffer) => inbox.take(data.toString()));
  await inbox.ready();
  return inbox;
}

export async function openStream(url: string, key: string, path: string): Promise<Tailing> {
  const headers = { authorization: `Bearer ${key}`, accept: 'text/event-stream' };
  // A connection of its own: fetch would make another one for later when this one is cut.
  const request = get(`${url}${path}`, { headers, agent: false });
  const inbox = new Inbox(() => request.destroy());
  request.on('error', () => inbox.end(0));
  request.on('response', (answer) => void readStream(answer, inbox));
  await inbox.ready();
  return inbox;
}

async function readStream(answer: IncomingMessage, inbox: Inbox): Promise<void> {
  let text = '';
  try {
    for await (const chunk of answer.setEncoding('utf8')) {
      text += chunk as string;
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (data !== undefined) inbox.take(data);
      }
    }
  } catch {
    // We have left, or the stream was cut.
  }
  inbox.end(0);
}

/** Cuts the connections over which processes hear of each other; gives how many there were. */
export async function cutNews({ place }: TestApi): Promise<number> {
  const admin = new pg.Client({ connectionString: place.database.url });
  await admin.connect();
  try {
    const { rowCount } = await admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'",
    );
    return rowCount ?? 0;
  } finally {
    await admin.end();
  }
}

class Inbox implements Tailing {
  readonly events: TailedEvent[] = [];
  readonly drops: number[] = [];
  readonly close: () => void;
  ended: number | undefined;
  #first: string | undefined;

  constructor(close: () => void) {
    this.close = close;
  }

  take(text: string): void {
    if (this.#first === undefined) {
      this.#first = text;
      return;
    }
    const message = JSON.parse(text) as TailedEvent | { dropped: number };
    if ('dropped' in message) this.drops.push(message.dropped);
    else this.events.push(message);
  }

  end(code: number): void {
    this.ended ??= code;
  }

  async ready(): Promise<void> {
    await eventually('the tail is ready', async () => this.#first !== undefined || this.ended !== undefined);
    if (this.#first !== '{"ready":true}') throw new Error(`It began with ${this.#first}, and ended with ${this.ended}.`);
  }

  async until(count: number): Promise<readonly TailedEvent[]> {
    await eventually(`${count} events, of which ${this.events.length} came`, async () => this.events.length >= count);
    return this.events;
  }
}
