import { Router } from 'express';
import type { Clock } from '../../kernel/clock.ts';
import { faulty } from '../faults.ts';
import type { Faults } from '../faults.ts';
import { Quota } from '../quota.ts';
import { sendTwilioError, twilioFault } from './errors.ts';
import { Messages } from './messages.ts';
import { twilioRoutes } from './twilio-api.ts';

export interface Twilio {
  readonly router: Router;
  readonly messages: Messages;
  /** No limit until one is set: Twilio's depends on the account. */
  readonly requests: Quota;
  clear(): void;
}

export function makeTwilio(clock: Clock, faults: Faults): Twilio {
  const messages = new Messages(clock);
  const requests = new Quota(clock, undefined);
  const router = Router();
  router.use(
    faulty(
      faults,
      () => ({ vendor: 'twilio' }),
      (res, { status = 503 }) => sendTwilioError(res, twilioFault(status)),
    ),
  );
  router.use(twilioRoutes(messages, requests));
  return {
    router,
    messages,
    requests,
    clear() {
      messages.clear();
      requests.clear();
    },
  };
}
