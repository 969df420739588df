import { randomBytes } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import { TwilioError } from './errors.ts';
import { MESSAGING_SERVICE, checkFrom, checkTo } from './numbers.ts';
import { countSegments } from './segments.ts';

/** The account that the sandbox knows. */
export const ACCOUNT = {
  sid: 'ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  token: '5a4db0c5a4db0c5a4db0c5a4db0c5a4d',
} as const;

export interface Message {
  readonly sid: string;
  readonly to: string;
  readonly from: string | null;
  readonly messagingServiceSid: string | null;
  readonly body: string;
  readonly media: number;
  readonly createdAt: number;
}

export type MessageStatus = 'queued' | 'sent' | 'delivered';

const SENT_AFTER_MS = 1000;
const DELIVERED_AFTER_MS = 3000;

/** The messages of the sandbox's account, oldest first. Kept in memory only. */
export class Messages {
  readonly #clock: Clock;
  #all: Message[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Takes a message in as `POST Messages.json` does. Parameters that Twilio does not know are ignored, as it does.
   * Twilio has no idempotency key for messages: the same request again is another message
   * (https://www.twilio.com/docs/api/errors/20500).
   * @throws TwilioError
   */
  create(form: URLSearchParams): Message {
    const to = checkTo(form.get('To') ?? undefined);
    const sender = readSender(form);
    const body = form.get('Body') ?? '';
    const media = form.getAll('MediaUrl').length;
    if (body === '' && media === 0 && !form.has('ContentSid')) {
      throw new TwilioError(400, 21602, 'Message body is required.');
    }
    if (body.length > 1600) {
      throw new TwilioError(400, 21617, 'The concatenated message body exceeds the 1600 character limit.');
    }
    const sid = `${media > 0 ? 'MM' : 'SM'}${randomBytes(16).toString('hex')}`;
    const message = { sid, to, ...sender, body, media, createdAt: this.#clock.now() };
    this.#all.push(message);
    return message;
  }

  find(sid: string): Message | undefined {
    return this.#all.find((message) => message.sid === sid);
  }

  all(): readonly Message[] {
    return this.#all;
  }

  clear(): void {
    this.#all = [];
  }

  /** A message is queued for a second, sent for two more, then delivered. */
  status(message: Message): MessageStatus {
    const age = this.#clock.now() - message.createdAt;
    if (age < SENT_AFTER_MS) return 'queued';
    return age < DELIVERED_AFTER_MS ? 'sent' : 'delivered';
  }

  /** The Message resource: https://www.twilio.com/docs/messaging/api/message-resource#message-properties */
  resource(message: Message): object {
    const status = this.status(message);
    const uri = `/2010-04-01/Accounts/${ACCOUNT.sid}/Messages/${message.sid}`;
    return {
      account_sid: ACCOUNT.sid,
      api_version: '2010-04-01',
      body: message.body,
      date_created: rfc2822(message.createdAt),
      date_sent: status === 'queued' ? null : rfc2822(message.createdAt + SENT_AFTER_MS),
      date_updated: rfc2822(message.createdAt),
      direction: 'outbound-api',
      error_code: null,
      error_message: null,
      from: message.from,
      messaging_service_sid: message.messagingServiceSid,
      num_media: String(message.media),
      num_segments: String(countSegments(message.body)),
      price: null,
      price_unit: null,
      sid: message.sid,
      status,
      subresource_uris: { media: `${uri}/Media.json` },
      to: message.to,
      uri: `${uri}.json`,
    };
  }
}

function readSender(form: URLSearchParams): Pick<Message, 'from' | 'messagingServiceSid'> {
  const from = form.get('From') ?? '';
  const service = form.get('MessagingServiceSid') ?? '';
  if (from === '' && service === '') throw new TwilioError(400, 21603, "A 'From' phone number is required.");
  if (service !== '' && service !== MESSAGING_SERVICE) {
    throw new TwilioError(400, 21701, `The Messaging Service ${service} does not exist.`);
  }
  return { from: from === '' ? null : checkFrom(from), messagingServiceSid: service === '' ? null : service };
}

/** `Thu, 24 Aug 2023 05:01:45 +0000` */
export function rfc2822(time: number): string {
  return new Date(time).toUTCString().replace('GMT', '+0000');
}
