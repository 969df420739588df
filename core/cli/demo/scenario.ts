import type { JsonObject } from '../../kernel/json.ts';
import type { SandboxCredentials } from '../../sandbox/index.ts';
import { giveConsent } from './consent.ts';
import { Customer, listAt, textOf } from './customer.ts';
import { ANSWERS, EVENT, FORM, MESSAGE, SHEET_RECORD } from './guests.ts';
import { endOfRun } from './run-end.ts';

/** Seconds that the sheet asks the platform to wait when its quota is used up. */
const QUOTA_WAIT = 2;

export interface Place {
  readonly platformUrl: string;
  readonly rootKey: string;
  readonly sandboxUrl: string;
  readonly credentials: SandboxCredentials;
}

/** A response that was submitted, and what became of its runs. */
export interface Submission {
  readonly answers: JsonObject;
  readonly runs: readonly JsonObject[];
}

/** Who has played the story, and what came of it. */
export interface Played {
  readonly customer: Customer;
  readonly submissions: readonly Submission[];
}

/** Plays the story of the demo through the HTTP API, as a customer would. `say` hears each step. */
export async function playScenario(place: Place, say: (line: string) => void): Promise<Played> {
  const operator = new Customer(place.platformUrl, place.rootKey);
  const tenant = await operator.post('/v1/tenants', { name: 'Demo Ltd' });
  const customer = new Customer(place.platformUrl, textOf(tenant, '/apiKey'));
  say(`Tenant "${textOf(tenant, '/name')}" made.`);
  const sheets = await connectSheets(customer, say);
  const twilio = await connectTwilio(customer, place.credentials, say);
  const form = textOf(await customer.post('/v1/forms', FORM), '/id');
  say('Form "Summer party" with five questions made.');
  await attach(customer, form, { sheets, twilio }, place.credentials);
  say('Three actions attached: a row in the sheet, a message, and an event in a typed table.');
  return { customer, submissions: await submitAll(customer, form, place.sandboxUrl, say) };
}

async function connectSheets(customer: Customer, say: (line: string) => void): Promise<string> {
  const connection = await customer.post('/v1/connections', {
    definition: 'google-sheets',
    name: 'Sheets',
    config: {},
  });
  const id = textOf(connection, '/id');
  const authorization = await customer.post(`/v1/connections/${id}:authorize`);
  await giveConsent(textOf(authorization, '/authorizationUrl'));
  say('Connection to Google Sheets: consent given on its OAuth pages.');
  return id;
}

async function connectTwilio(
  customer: Customer,
  { twilio }: SandboxCredentials,
  say: (line: string) => void,
): Promise<string> {
  const config = { accountSid: twilio.accountSid, authToken: twilio.authToken };
  const connection = await customer.post('/v1/connections', {
    definition: 'twilio-sms',
    name: 'Twilio',
    config,
  });
  const id = textOf(connection, '/id');
  await customer.post(`/v1/connections/${id}:verify`);
  say('Connection to Twilio: credentials verified.');
  return id;
}

async function attach(
  customer: Customer,
  form: string,
  connections: { sheets: string; twilio: string },
  { google, twilio }: SandboxCredentials,
): Promise<void> {
  await customer.post(`/v1/forms/${form}/actions`, {
    definition: 'google-sheets',
    action: 'appendRecord',
    connectionId: connections.sheets,
    input: { spreadsheetId: google.spreadsheetId, record: SHEET_RECORD },
  });
  await customer.post(`/v1/forms/${form}/actions`, {
    definition: 'twilio-sms',
    action: 'send',
    connectionId: connections.twilio,
    input: { to: '{{ event.answers.phone }}', from: twilio.from, body: MESSAGE },
  });
  await customer.post(`/v1/forms/${form}/actions`, { definition: 'log-event', action: 'append', input: EVENT });
}

/** One after the other, so that the fault meets the second response and no other. */
async function submitAll(
  customer: Customer,
  form: string,
  sandboxUrl: string,
  say: (line: string) => void,
): Promise<readonly Submission[]> {
  const submissions: Submission[] = [];
  for (const [index, answers] of ANSWERS.entries()) {
    if (index === 1) {
      await exhaustQuota(sandboxUrl);
      say(`Google's quota is used up: its next answer is 429 with Retry-After: ${QUOTA_WAIT}.`);
    }
    const response = await customer.post(`/v1/forms/${form}/responses`, { answers });
    say(`Response ${index + 1} submitted.`);
    const runs: JsonObject[] = [];
    for (const id of listAt(response, '/runs')) runs.push(await endOfRun(customer, String(id)));
    submissions.push({ answers, runs });
  }
  return submissions;
}

async function exhaustQuota(sandboxUrl: string): Promise<void> {
  const fault = { vendor: 'google', kind: 'status', status: 429, retryAfter: QUOTA_WAIT, method: 'POST' };
  await new Customer(sandboxUrl, '').post('/_sandbox/faults', fault);
}
