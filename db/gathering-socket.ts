import { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/**
 * A connection that sends in one piece what one turn of the event loop writes. A statement is a write of its own
 * otherwise, and the write costs more than all else that is done to send it.
 */
export class GatheringSocket extends Socket {
  #gathering = false;

  override write(data: Uint8Array | string, done?: Done): boolean;
  override write(data: Uint8Array | string, encoding?: BufferEncoding, done?: Done): boolean;
  override write(data: Uint8Array | string, how?: BufferEncoding | Done, done?: Done): boolean {
    if (!this.#gathering) this.#gather();
    return typeof how === 'function' ? super.write(data, how) : super.write(data, how, done);
  }

  /** Until the next tick: promises that are settled go on before it, and what they write goes along. */
  #gather(): void {
    this.#gathering = true;
    this.cork();
    process.nextTick(() => {
      this.#gathering = false;
      this.uncork();
    });
  }
}
