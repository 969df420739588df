import { Router } from 'express';
import type { Sandbox } from './sandbox.ts';
import { markup, sendPage } from './page.ts';
import type { Html } from './page.ts';
import { TYPES } from './cloud-control/types/index.ts';
import { PERSON } from './google/accounts.ts';
import { MAGIC_FROM, MAGIC_TO, SENDERS } from './twilio/numbers.ts';
import type { World } from './world.ts';

/** The index page: what is here, and what to copy. */
export function homePages(world: World, sandbox: Sandbox): Router {
  const router = Router();
  router.get('/', (_req, res) =>
    sendPage(res, {
      title: 'Sandbox',
      body: markup`<h1>Sandbox</h1>
        <p>
          Stand-ins for Google Sheets, Twilio, AWS Cloud Control and a webhook receiver, for trying things
          without accounts. They check credentials, refuse what the vendors refuse, and forget everything when
          they stop.
        </p>
        ${endpointsPart(sandbox)}${googlePart(world, sandbox)}${twilioPart(sandbox)}${awsPart(world, sandbox)}${webhookPart(sandbox)}${faultsPart(sandbox)}`,
    }),
  );
  router.get('/google/service-account.json', (_req, res) => {
    res.type('json').send(`${JSON.stringify(sandbox.credentials.google.serviceAccount, null, 2)}\n`);
  });
  return router;
}

function endpointsPart(sandbox: Sandbox): Html {
  return markup`<h2>Point the platform here</h2>
    <pre>SLUICE_ENDPOINTS='${JSON.stringify(sandbox.endpoints)}'</pre>`;
}

function googlePart(world: World, sandbox: Sandbox): Html {
  const { clientId, clientSecret, serviceAccount } = sandbox.credentials.google;
  return markup`<h2>Google Sheets</h2>
    <dl>
      <dt>Spreadsheets</dt>
      <dd>
        ${world.google.spreadsheets.all().map((one) => markup`<a href="/google/sheet/${one.id}">${one.title}</a> <code>${one.id}</code>${one.private && ' (answers 403)'}<br />`)}
      </dd>
      <dt>OAuth client</dt>
      <dd><code>${clientId}</code> <code>${clientSecret}</code>, for the consent of ${PERSON}</dd>
      <dt>SLUICE_APPS entry</dt>
      <dd><code>${JSON.stringify({ 'google-sheets': { clientId, clientSecret } })}</code></dd>
      <dt>Service account</dt>
      <dd>
        <code>${serviceAccount.client_email}</code>,
        <a href="/google/service-account.json">its JSON key</a> (a new one at each start)
      </dd>
      <dt>Quota</dt>
      <dd>
        ${world.google.writes.limit ?? 'no limit on'} writes and ${world.google.reads.limit ?? 'no limit on'}
        reads a minute and user, then 429 with Retry-After
      </dd>
    </dl>
    <form class="row" method="post" action="/google/sheet">
      <input type="text" name="title" placeholder="Title" aria-label="Title" /><button>
        New spreadsheet
      </button>
    </form>`;
}

function twilioPart(sandbox: Sandbox): Html {
  const { accountSid, authToken, from, messagingServiceSid } = sandbox.credentials.twilio;
  return markup`<h2>Twilio</h2>
    <dl>
      <dt>Account SID</dt>
      <dd><code>${accountSid}</code></dd>
      <dt>Auth token</dt>
      <dd><code>${authToken}</code></dd>
      <dt>From</dt>
      <dd>
        ${SENDERS.map((number) => markup`<code>${number}</code> `)} or messaging service
        <code>${messagingServiceSid}</code>
      </dd>
      <dt>To</dt>
      <dd>
        any number;
        ${Object.entries(MAGIC_TO).map(([number, [code]]) => markup`<code>${number}</code> fails with ${code}, `)}as
        with Twilio's test credentials
      </dd>
      <dt>Failing From</dt>
      <dd>${Object.entries(MAGIC_FROM).map(([number, [code]]) => markup`<code>${number}</code> ${code} `)}</dd>
    </dl>
    <pre>
curl -u ${accountSid}:${authToken} ${sandbox.url}/twilio/2010-04-01/Accounts/${accountSid}/Messages.json \\
  --data-urlencode From=${from} --data-urlencode To=+15551230001 --data-urlencode 'Body=Hello 👋'</pre>
    <p><a href="/twilio/phone">The phones</a></p>`;
}

function awsPart(world: World, sandbox: Sandbox): Html {
  const { permanent, temporary } = sandbox.credentials.aws;
  return markup`<h2>AWS Cloud Control</h2>
    <dl>
      <dt>Access key</dt>
      <dd><code>${permanent.accessKeyId}</code> <code>${permanent.secretAccessKey}</code></dd>
      <dt>Temporary</dt>
      <dd>
        <code>${temporary.accessKeyId}</code> <code>${temporary.secretAccessKey}</code> with session token
        <code>${temporary.sessionToken ?? ''}</code>
      </dd>
      <dt>Types</dt>
      <dd>${TYPES.map(({ name, seconds }) => markup`<code>${name}</code> ${seconds.create} s, `)}times ${world.cloudControl.pace.timeScale}</dd>
    </dl>
    <pre>
aws --endpoint-url ${sandbox.url} --region eu-central-1 cloudcontrol create-resource \\
  --type-name AWS::EC2::VPC --desired-state '{"CidrBlock":"10.0.0.0/16"}'</pre>
    <p><a href="/aws/resources">The resources</a></p>`;
}

function webhookPart(sandbox: Sandbox): Html {
  return markup`<h2>Webhook receiver</h2>
    <p>
      Send anything to <code>${sandbox.credentials.webhook.url}</code> (through SLUICE_ENDPOINTS) or
      <code>${sandbox.url}/_sandbox/echo/…</code>; signatures are checked with
      <code>${sandbox.credentials.webhook.secret}</code>. <a href="/_sandbox/requests">What came in</a>
    </p>`;
}

function faultsPart(sandbox: Sandbox): Html {
  return markup`<h2>Make it fail</h2>
    <p>
      The next requests to a vendor (<code>google</code>, <code>google-oauth</code>, <code>twilio</code>,
      <code>webhook</code>, <code>cloud-control</code>) meet what you ask for: <code>status</code>, <code>html</code>,
      <code>reset</code> and <code>timeout</code> before anything is done, <code>lost</code> and
      <code>half</code> after. <code>method</code> and <code>path</code> narrow it, for
      <code>cloud-control</code> also <code>operation</code> and <code>type</code>; <code>times</code> is 1, or
      <code>chance</code> says which share is met. Operations that were accepted can <code>fail</code>,
      <code>hang</code>, or make something <code>unusable</code>.
    </p>
    <pre>
curl ${sandbox.url}/_sandbox/faults -d '{"vendor":"google","kind":"status","status":429,"retryAfter":2,"method":"POST"}'
curl ${sandbox.url}/_sandbox/faults -d '{"vendor":"twilio","kind":"lost"}'
curl ${sandbox.url}/_sandbox/faults -d '{"vendor":"cloud-control","kind":"fail","code":"ServiceLimitExceeded","type":"AWS::EC2::VPC"}'
curl ${sandbox.url}/_sandbox/cloud-control -d '{"timeScale":0.1}'            # GET: what exists
curl ${sandbox.url}/_sandbox/quota  -d '{"vendor":"google","limit":5}'      # null: no limit
curl -X POST ${sandbox.url}/_sandbox/expire                                  # access tokens end now
curl -X POST ${sandbox.url}/_sandbox/reset</pre>`;
}
