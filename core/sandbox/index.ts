import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { Express } from 'express';
import { systemClock } from '../kernel/clock.ts';
import { PERMANENT, TEMPORARY } from './cloud-control/credentials.ts';
import { resourcesPage } from './cloud-control/resources-page.ts';
import { controlRoutes } from './control.ts';
import { WEBHOOK_SECRET } from './echo.ts';
import { CLIENT } from './google/accounts.ts';
import { sheetPages } from './google/sheet-page.ts';
import { homePages } from './home.ts';
import { markup, sendPage } from './page.ts';
import { STYLE } from './style.ts';
import { ACCOUNT } from './twilio/messages.ts';
import { MESSAGING_SERVICE, SENDERS } from './twilio/numbers.ts';
import { phonePage } from './twilio/phone-page.ts';
import { ORIGINS, vendorRouter } from './vendors.ts';
import { makeWorld } from './world.ts';
import type { World } from './world.ts';
import type { Sandbox, SandboxCredentials, SandboxOptions } from './sandbox.ts';

export type { Fault } from './faults.ts';
export type { Sandbox, SandboxCredentials, SandboxOptions } from './sandbox.ts';

/** Starts stand-ins for Google Sheets, Twilio, AWS Cloud Control and a webhook receiver on one port. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const world = await makeWorld(options.clock ?? systemClock, options.timeScale ?? 1);
  for (const fault of options.faults ?? []) world.faults.add(fault);
  const server = createServer();
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const sandbox: Sandbox = {
    url,
    endpoints: Object.fromEntries(ORIGINS.map((origin) => [origin, url])),
    credentials: credentialsOf(world),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  server.on('request', makeApp(world, sandbox));
  return sandbox;
}

function credentialsOf(world: World): SandboxCredentials {
  return {
    google: {
      clientId: CLIENT.id,
      clientSecret: CLIENT.secret,
      serviceAccount: world.google.accounts.serviceAccount,
      spreadsheetId: 'sandbox-sheet',
    },
    twilio: {
      accountSid: ACCOUNT.sid,
      authToken: ACCOUNT.token,
      from: SENDERS[0],
      messagingServiceSid: MESSAGING_SERVICE,
    },
    // Copies: AWS's own client writes into the credentials it is given.
    aws: { permanent: { ...PERMANENT }, temporary: { ...TEMPORARY } },
    webhook: { url: 'https://webhook.sandbox.test/hooks/demo', secret: WEBHOOK_SECRET },
  };
}

function makeApp(world: World, sandbox: Sandbox): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(express.raw({ type: () => true, limit: '10mb' }));
  app.use(vendorRouter(world));
  app.get('/_sandbox/style.css', (_req, res) => void res.type('css').send(STYLE));
  app.use(controlRoutes(world));
  app.use(sheetPages(world.google.spreadsheets));
  app.use(phonePage(world.twilio.messages));
  app.use(resourcesPage(world.cloudControl));
  app.use(world.echo.pages);
  app.use(homePages(world, sandbox));
  app.use((req, res) =>
    sendPage(res, {
      title: 'Nothing here',
      status: 404,
      body: markup`<h1>Nothing here</h1>
        <p>The sandbox has no <code>${req.method} ${req.path}</code>. <a href="/">What it has.</a></p>`,
    }),
  );
  return app;
}
