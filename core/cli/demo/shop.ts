import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { dropFile } from '../../domains/datasets/generating/folder-sink.ts';
import {
  generateCommerce,
  type CommerceSummary,
} from '../../domains/datasets/generating/generate-commerce.ts';
import type { CommerceMessage } from '../../domains/datasets/generating/messages.ts';
import { followPointer } from '../../kernel/json.ts';
import { CommandFailure } from '../failure.ts';

const DAYS = 30;
const ORDERS = 2000;
const SEED = 1;

/** Messages under way at a time. */
const SENDERS = 16;
/** A message is refused that was sent more than five minutes ago. Those of one order were sent so many seconds apart. */
const SENT_BEFORE_S = 60;
const APART_S = 10;

/** How many messages were sent, and how many of them the platform had already. */
export interface Sent {
  readonly messages: number;
  readonly duplicates: number;
}

/** A shop's own system: it drops files, and its payment provider sends signed messages. */
export class Shop {
  /** What both sides know. */
  readonly secret = `whsec_${randomBytes(24).toString('base64')}`;
  readonly #webhook = new Webhook(this.secret);
  readonly #messages: CommerceMessage[] = [];

  /** Makes thirty days of data, always the same: files go to the folder, messages are kept to be sent. */
  dropFiles(folder: string): Promise<CommerceSummary> {
    this.#messages.length = 0;
    const out = {
      file: (key: string, content: Iterable<Uint8Array>) => dropFile(folder, key, content),
      message: (message: CommerceMessage) => void this.#messages.push(message),
    };
    return generateCommerce({ days: DAYS, orders: ORDERS, seed: SEED, out });
  }

  /** Sends every message, in the order in which they arrive. */
  async sendMessages(url: string): Promise<Sent> {
    const waiting = this.#messages.values();
    const begin = Math.floor(Date.now() / 1000) - SENT_BEFORE_S;
    let duplicates = 0;
    const sender = async (): Promise<void> => {
      for (const message of waiting) if (await this.#send(url, message, begin)) duplicates++;
    };
    await Promise.all(Array.from({ length: SENDERS }, sender));
    return { messages: this.#messages.length, duplicates };
  }

  /** @returns whether it was known already */
  async #send(url: string, { id, body, sequence }: CommerceMessage, begin: number): Promise<boolean> {
    const sentAt = new Date((begin + sequence * APART_S) * 1000);
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(sentAt.getTime() / 1000),
        'webhook-signature': this.#webhook.sign(id, sentAt, body),
      },
      body,
    });
    const text = await answer.text();
    if (answer.status !== 202)
      throw new CommandFailure(`Message ${id} was answered with ${answer.status}: ${text}`, 1);
    return followPointer(JSON.parse(text), '/duplicate') === true;
  }
}
