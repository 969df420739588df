import { TwilioError } from './errors.ts';

/** Numbers the sandbox's account may send from. The first is the one of Twilio's test credentials. */
export const SENDERS = ['+15005550006', '+15550100200'] as const;
export const MESSAGING_SERVICE = 'MGaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';

/**
 * Numbers that always fail, as with Twilio's test credentials.
 * Source: https://www.twilio.com/docs/iam/test-credentials#test-sms-messages
 */
export const MAGIC_TO: Readonly<Record<string, readonly [code: number, message: (to: string) => string]>> = {
  '+15005550001': [21211, (to) => `The 'To' number ${to} is not a valid phone number.`],
  '+15005550002': [
    21612,
    (to) => `Message cannot be sent with the current combination of 'To' (${to}) and/or 'From' parameters`,
  ],
  '+15005550003': [
    21408,
    (to) =>
      `Permission to send an SMS has not been enabled for the region indicated by the 'To' number: ${to}.`,
  ],
  '+15005550004': [21610, () => 'Attempt to send to unsubscribed recipient'],
  '+15005550009': [21614, (to) => `'To' number is not a valid mobile number: ${to}`],
};

export const MAGIC_FROM: Readonly<
  Record<string, readonly [code: number, message: (from: string) => string]>
> = {
  '+15005550001': [21212, invalidFrom],
  '+15005550007': [21606, notOurs],
  '+15005550008': [21611, () => "This 'From' number has exceeded the maximum number of queued messages"],
};

function invalidFrom(from: string): string {
  return `The 'From' number ${from} is not a valid phone number, shortcode, or alphanumeric sender ID.`;
}

function notOurs(from: string): string {
  return `The 'From' phone number ${from} is not a valid, SMS-capable inbound phone number or short code for your account.`;
}

/** Checks a recipient and writes it in E.164. Throws TwilioError. */
export function checkTo(written: string | undefined): string {
  if (written === undefined || written === '')
    throw new TwilioError(400, 21604, "A 'To' phone number is required.");
  const to = toE164(written);
  if (to === undefined)
    throw new TwilioError(400, 21211, `The 'To' number ${written} is not a valid phone number.`);
  const magic = MAGIC_TO[to];
  if (magic) throw new TwilioError(400, magic[0], magic[1](to));
  return to;
}

/** Checks a sender: a number of the account, or an alphanumeric sender ID. Throws TwilioError. */
export function checkFrom(written: string): string {
  const from = toE164(written);
  if (from === undefined) {
    if (/^(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}$/.test(written)) return written;
    throw new TwilioError(400, 21212, invalidFrom(written));
  }
  const magic = MAGIC_FROM[from];
  if (magic) throw new TwilioError(400, magic[0], magic[1](from));
  if (!SENDERS.some((sender) => sender === from)) throw new TwilioError(400, 21606, notOurs(from));
  return from;
}

function toE164(written: string): string | undefined {
  const digits = written.replaceAll(/[\s().-]/g, '');
  const match = /^\+?([1-9]\d{6,14})$/.exec(digits);
  return match ? `+${match[1]}` : undefined;
}
