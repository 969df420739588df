import { timingSafeEqual } from 'node:crypto';
import { Router } from 'express';
import type { Request } from 'express';
import type { Quota } from '../quota.ts';
import { TwilioError, sendTwilioError, twilioFault } from './errors.ts';
import { ACCOUNT, rfc2822 } from './messages.ts';
import type { Message, Messages } from './messages.ts';

/**
 * Twilio's REST API of 2010-04-01, as far as messages go.
 * Source: https://www.twilio.com/docs/messaging/api/message-resource
 */
export function twilioRoutes(messages: Messages, quota: Quota): Router {
  const router = Router();
  router.use('/2010-04-01', (req, res, next) => {
    try {
      authenticate(req);
      const wait = quota.take(ACCOUNT.sid);
      if (wait === undefined) return next();
      res.set('retry-after', String(wait));
      sendTwilioError(res, twilioFault(429));
    } catch (error) {
      refuse(res, error);
    }
  });
  router.get('/2010-04-01/Accounts/:account.json', (_req, res) => {
    res.json(accountResource());
  });
  router.get('/2010-04-01/Accounts/:account/Messages.json', (req, res) => {
    res.json(list(messages, req));
  });
  router.post('/2010-04-01/Accounts/:account/Messages.json', (req, res) => {
    try {
      res.status(201).json(messages.resource(messages.create(readForm(req))));
    } catch (error) {
      refuse(res, error);
    }
  });
  router.get('/2010-04-01/Accounts/:account/Messages/:sid.json', (req, res) => {
    const message = messages.find(req.params['sid'] ?? '');
    if (message) res.json(messages.resource(message));
    else sendTwilioError(res, notFound(req));
  });
  router.use((req, res) => sendTwilioError(res, notFound(req)));
  return router;
}

function refuse(res: Parameters<typeof sendTwilioError>[0], error: unknown): void {
  if (!(error instanceof TwilioError)) throw error;
  sendTwilioError(res, error);
}

function notFound(req: Request): TwilioError {
  return new TwilioError(404, 20404, `The requested resource ${req.path} was not found`);
}

/** Basic authentication with the account's SID and token; the path's account must be the same. */
function authenticate(req: Request): void {
  const basic = /^Basic +(\S+)$/i.exec(req.get('authorization') ?? '')?.[1] ?? '';
  const given = Buffer.from(basic, 'base64');
  const expected = Buffer.from(`${ACCOUNT.sid}:${ACCOUNT.token}`);
  const account = /^\/Accounts\/([^/.]+)/.exec(req.path)?.[1];
  const good =
    given.length === expected.length && timingSafeEqual(given, expected) && account === ACCOUNT.sid;
  if (!good) throw new TwilioError(401, 20003, 'Authenticate');
}

/** Twilio takes forms only: a JSON body is read as no parameters at all. */
function readForm(req: Request): URLSearchParams {
  const isForm = req.is('application/x-www-form-urlencoded');
  return new URLSearchParams(isForm && Buffer.isBuffer(req.body) ? req.body.toString('utf8') : '');
}

function accountResource(): object {
  return {
    sid: ACCOUNT.sid,
    friendly_name: 'Sandbox account',
    status: 'active',
    type: 'Trial',
    owner_account_sid: ACCOUNT.sid,
    date_created: rfc2822(Date.UTC(2024, 0, 1)),
    date_updated: rfc2822(Date.UTC(2024, 0, 1)),
    uri: `/2010-04-01/Accounts/${ACCOUNT.sid}.json`,
  };
}

function list(messages: Messages, req: Request): object {
  const { To: to, From: from } = req.query;
  const fits = (message: Message) =>
    (to === undefined || message.to === to) && (from === undefined || message.from === from);
  const size = Math.min(1000, Math.max(1, Number(req.query['PageSize'] ?? 50) || 50));
  const page = Math.max(0, Number(req.query['Page'] ?? 0) || 0);
  const all = messages.all().filter(fits).toReversed();
  const shown = all.slice(page * size, (page + 1) * size);
  const uri = (n: number) => `/2010-04-01/Accounts/${ACCOUNT.sid}/Messages.json?PageSize=${size}&Page=${n}`;
  return {
    messages: shown.map((message) => messages.resource(message)),
    page,
    page_size: size,
    start: page * size,
    end: page * size + Math.max(0, shown.length - 1),
    uri: uri(page),
    first_page_uri: uri(0),
    previous_page_uri: page > 0 ? uri(page - 1) : null,
    next_page_uri: all.length > (page + 1) * size ? uri(page + 1) : null,
  };
}
