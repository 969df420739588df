import { Client, type Target } from '../client.ts';
import { inParallel } from '../in-parallel.ts';
import { eventsFrom } from './events.ts';

export const FAMILY = 'requests';

interface Shape {
  /** Events that each request brings. */
  readonly events: number;
  /** Requests under way at a time, each on a connection of its own. */
  readonly clients: number;
  /** Different requests there are; they are sent in turn. */
  readonly distinct: number;
}

/** Requests that bring events, made ready once: what the load costs is taken from the programs it measures. */
export class Load {
  readonly #target: Target;
  readonly #shape: Shape;
  readonly #bodies: readonly string[];

  constructor(target: Target, shape: Shape) {
    this.#target = target;
    this.#shape = shape;
    this.#bodies = Array.from({ length: shape.distinct }, (_, i) =>
      JSON.stringify({ family: FAMILY, logs: eventsFrom(i * shape.events, shape.events) }),
    );
  }

  /** Sends so many requests. Between rounds nothing is open: servers close what is idle. @returns events a second */
  async round(requests: number): Promise<number> {
    const clients = Array.from({ length: this.#shape.clients }, () => new Client(this.#target));
    const ready = this.#bodies.map((body) => clients[0]!.request(body));
    const began = performance.now();
    try {
      await inParallel(requests, clients.length, (place, client) =>
        clients[client]!.send(ready[place % ready.length]!),
      );
      return (requests * this.#shape.events * 1000) / (performance.now() - began);
    } finally {
      for (const client of clients) client.close();
    }
  }
}
