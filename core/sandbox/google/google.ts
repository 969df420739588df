import { Router } from 'express';
import type { Clock } from '../../kernel/clock.ts';
import { faulty } from '../faults.ts';
import type { Faults } from '../faults.ts';
import { Quota } from '../quota.ts';
import { GoogleAccounts } from './accounts.ts';
import { consentRoutes } from './consent.ts';
import { googleFault, sendGoogleError } from './errors.ts';
import { sheetsRoutes } from './sheets-api.ts';
import { Spreadsheets } from './spreadsheets.ts';
import { tokenRoutes } from './token.ts';

/** Requests a minute and user: https://developers.google.com/sheets/api/limits */
export const GOOGLE_QUOTA = 60;

export interface Google {
  readonly router: Router;
  readonly accounts: GoogleAccounts;
  readonly spreadsheets: Spreadsheets;
  readonly reads: Quota;
  readonly writes: Quota;
  clear(): void;
}

const OAUTH_PATH = /\/(?:token|revoke|o\/oauth2\/token)(?:\?|$)/;

/** Google's three hosts in one router: their paths do not meet. */
export async function makeGoogle(clock: Clock, faults: Faults): Promise<Google> {
  const accounts = await GoogleAccounts.create(clock);
  const spreadsheets = new Spreadsheets();
  const reads = new Quota(clock, GOOGLE_QUOTA);
  const writes = new Quota(clock, GOOGLE_QUOTA);
  const router = Router();
  router.use(consentRoutes(accounts));
  router.use(
    faulty(
      faults,
      (req) => ({ vendor: OAUTH_PATH.test(req.originalUrl) ? 'google-oauth' : 'google' }),
      (res, { status = 503 }) => sendGoogleError(res, googleFault(status)),
    ),
  );
  router.use(tokenRoutes(accounts));
  router.use(sheetsRoutes({ accounts, spreadsheets, reads, writes }));
  router.use((_req, res) => sendGoogleError(res, googleFault(404)));
  return {
    router,
    accounts,
    spreadsheets,
    reads,
    writes,
    clear() {
      accounts.clear();
      spreadsheets.clear();
      reads.clear();
      writes.clear();
    },
  };
}
