/** What was started, and how to stop it. */
export class Started {
  readonly #stops: (() => Promise<unknown> | void)[] = [];

  add<T>(thing: T, stop: (thing: T) => Promise<unknown> | void): T {
    this.#stops.push(() => stop(thing));
    return thing;
  }

  async stop(): Promise<void> {
    for (let stop = this.#stops.pop(); stop; stop = this.#stops.pop()) await stop();
  }
}
