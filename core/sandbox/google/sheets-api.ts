import { Router } from 'express';
import type { Request } from 'express';
import { isJsonObject } from '../../kernel/json.ts';
import type { Quota } from '../quota.ts';
import { mayUse } from './accounts.ts';
import type { GoogleAccounts } from './accounts.ts';
import {
  GoogleError,
  insufficientScopes,
  invalidArgument,
  invalidCredentials,
  missingCredentials,
  notFound,
  quotaExceeded,
  sendGoogleError,
  unknownField,
} from './errors.ts';
import { METHODS } from './sheets-methods.ts';
import type { Method } from './sheets-methods.ts';
import type { Spreadsheets } from './spreadsheets.ts';

export interface SheetsApi {
  readonly accounts: GoogleAccounts;
  readonly spreadsheets: Spreadsheets;
  readonly reads: Quota;
  readonly writes: Quota;
}

/** Parameters that every Google API takes. */
const COMMON = [
  '$.xgafv',
  'access_token',
  'alt',
  'callback',
  'fields',
  'key',
  'oauth_token',
  'prettyPrint',
  'quotaUser',
  'upload_protocol',
  'uploadType',
];

/**
 * Google Sheets API v4, as far as the platform's definitions and a curious person need it.
 * Source: https://developers.google.com/sheets/api/reference/rest
 */
export function sheetsRoutes(api: SheetsApi): Router {
  const router = Router();
  router.use('/v4', (req, res) => {
    try {
      res.json(serve(api, req));
    } catch (error) {
      if (!(error instanceof GoogleError)) throw error;
      sendGoogleError(res, error);
    }
  });
  return router;
}

function serve(api: SheetsApi, req: Request): object {
  const { method, params } = route(req.method, req.path);
  count(api, method, authorise(api, req, method));
  const query = readQuery(req, method);
  const body = method.body === undefined ? {} : readBody(req, method.body);
  return method.run({ spreadsheets: api.spreadsheets, params, query, body });
}

/** Finds the method by verb and path; a custom verb follows the last colon, as in `values/Sheet1!A1:append`. */
function route(verb: string, path: string): { method: Method; params: readonly string[] } {
  for (const method of METHODS) {
    const match = method.verb === verb ? method.path.exec(path) : null;
    if (match) return { method, params: match.slice(1).map((text) => decode(text)) };
  }
  throw notFound();
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidArgument('Invalid URL encoding.');
  }
}

function authorise(api: SheetsApi, req: Request, method: Method): string {
  const header = /^Bearer +(\S+)$/i.exec(req.get('authorization') ?? '')?.[1];
  const token =
    header ?? (typeof req.query['access_token'] === 'string' ? req.query['access_token'] : undefined);
  if (token === undefined) throw missingCredentials();
  const grant = api.accounts.access(token);
  if (!grant) throw invalidCredentials();
  if (!mayUse(grant, method.writes)) throw insufficientScopes(method.name);
  return grant.subject;
}

/** Google counts a request when it comes in, whatever comes of it. */
function count(api: SheetsApi, method: Method, subject: string): void {
  const quota = method.writes ? api.writes : api.reads;
  const wait = quota.take(subject);
  if (wait !== undefined) throw quotaExceeded(method.writes ? 'Write' : 'Read', wait, quota.limit);
}

function readQuery(req: Request, method: Method): Readonly<Record<string, string>> {
  const query: Record<string, string> = {};
  for (const [name, value] of new URL(req.originalUrl, 'http://sandbox').searchParams) {
    if (!method.query.includes(name) && !COMMON.includes(name)) throw unknownField('query', name);
    query[name] = value;
  }
  return query;
}

function readBody(req: Request, fields: readonly string[]): Readonly<Record<string, unknown>> {
  const text = Buffer.isBuffer(req.body) ? req.body.toString('utf8') : '';
  if (text === '') return {};
  if (!req.is('json')) {
    throw invalidArgument(
      `Invalid content type: ${req.get('content-type') ?? 'none'}. Only application/json is taken.`,
    );
  }
  const body = parse(text);
  if (!isJsonObject(body))
    throw invalidArgument('Invalid JSON payload received. Unknown name "": Root element must be a message.');
  const unknown = Object.keys(body).find((name) => !fields.includes(name));
  if (unknown !== undefined) throw unknownField('body', unknown);
  return body;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidArgument(`Invalid JSON payload received. Unexpected token.\n${text.slice(0, 60)}\n^`);
  }
}
