/** Wakes one sleeper. A ring while nobody sleeps is kept for the next one. */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the sleep ends by itself, of performance.now(). */
  #until = Infinity;

  get rung(): boolean {
    return this.#rung;
  }

  /** Forgets rings so far: what they were about is looked at next. */
  hush(): void {
    this.#rung = false;
  }

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Sleeps until somebody rings, or until a time of performance.now(). */
  async sleep(until: number): Promise<void> {
    if (this.#rung || until <= performance.now()) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#arm(until);
    });
    clearTimeout(this.#timer);
    this.#wake = undefined;
  }

  /** Ends a sleep that would take longer. Where nobody sleeps it does nothing. */
  noLaterThan(until: number): void {
    if (this.#wake && until < this.#until) this.#arm(until);
  }

  #arm(until: number): void {
    clearTimeout(this.#timer);
    this.#until = until;
    this.#timer = setTimeout(() => this.#wake?.(), Math.max(0, until - performance.now()));
  }
}
