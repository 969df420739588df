import { Router } from 'express';
import { markup, sendPage } from '../page.ts';
import type { Html } from '../page.ts';
import { ACCOUNT } from './messages.ts';
import type { Message, Messages } from './messages.ts';
import { countSegments } from './segments.ts';

/** The sandbox's own page: one phone a recipient, with what arrived on it. */
export function phonePage(messages: Messages): Router {
  const router = Router();
  router.get('/twilio/phone', (_req, res) => {
    const phones = new Map<string, Message[]>();
    for (const message of messages.all().slice(-200)) {
      phones.set(message.to, [...(phones.get(message.to) ?? []), message]);
    }
    const body = markup`<h1>Phones</h1>
      ${phones.size === 0 && markup`<p class="note">No message has arrived yet. Send one to any number from <code>${ACCOUNT.sid}</code>.</p>`}
      <div class="phones">${[...phones].map(([to, all]) => phone(to, all, messages))}</div>`;
    sendPage(res, { title: 'Phones', refresh: 2, body });
  });
  return router;
}

function phone(to: string, all: readonly Message[], messages: Messages): Html {
  return markup`<section class="phone">
    <h2>${to}</h2>
    ${all.map(
      (message) =>
        markup`<p class="bubble" dir="auto">${message.body}</p>
          <p class="note">
            from ${message.from ?? message.messagingServiceSid ?? ''} · ${messages.status(message)} ·
            ${countSegments(message.body)} segment${countSegments(message.body) > 1 && 's'} ·
            <time>${new Date(message.createdAt).toISOString()}</time>
          </p> `,
    )}
  </section>`;
}
