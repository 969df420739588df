import type { NextFunction, Request, Response, Router } from 'express';
import { regionOfHost } from './cloud-control/signature.ts';
import type { World } from './world.ts';

const GOOGLE_HOSTS = [
  'sheets.googleapis.com',
  'oauth2.googleapis.com',
  'www.googleapis.com',
  'accounts.google.com',
];
const TWILIO_HOSTS = ['api.twilio.com'];
const AWS_HOSTS = ['us-east-1', 'eu-central-1'].map((region) => `cloudcontrolapi.${region}.amazonaws.com`);
const WEBHOOK_HOST = 'webhook.sandbox.test';

/** Vendor origins the sandbox answers for: the keys of SLUICE_ENDPOINTS. */
export const ORIGINS = [...GOOGLE_HOSTS, ...TWILIO_HOSTS, ...AWS_HOSTS, WEBHOOK_HOST].map(
  (host) => `https://${host}`,
);

/**
 * Hands a request to its vendor: by the Host header, which the platform keeps; else by the first segment of the
 * path (`/google`, `/twilio`, for a person with curl); else by a path or a header that only one vendor has (a browser
 * that was sent to a mapped consent page, a client of AWS that was given the sandbox's URL as its endpoint).
 */
export function vendorRouter(world: World): (req: Request, res: Response, next: NextFunction) => void {
  const byHost = new Map<string, Router>([
    ...GOOGLE_HOSTS.map((host) => [host, world.google.router] as const),
    ...TWILIO_HOSTS.map((host) => [host, world.twilio.router] as const),
    [WEBHOOK_HOST, world.echo.router],
  ]);
  return (req, res, next) => {
    const router = byHost.get(hostOf(req)) ?? ofAws(world, req) ?? byPath(world, req);
    if (router) router(req, res, next);
    else next();
  };
}

function hostOf(req: Request): string {
  return (req.get('host') ?? '').replace(/:\d+$/, '').toLowerCase();
}

function ofAws(world: World, req: Request): Router | undefined {
  const known = regionOfHost(hostOf(req)) !== undefined || req.get('x-amz-target') !== undefined;
  return known ? world.cloudControl.router : undefined;
}

const GOOGLE_PATH = /^\/(?:v4\/|token$|revoke$|o\/oauth2\/|oauth2\/v4\/)/;
const PREFIXED = /^\/(google|twilio)(?=\/(?:v4\/|token|revoke|o\/oauth2\/|oauth2\/v4\/|2010-04-01\/))/;

function byPath(world: World, req: Request): Router | undefined {
  const prefix = PREFIXED.exec(req.path)?.[0];
  if (prefix !== undefined) req.url = req.url.slice(prefix.length);
  if (GOOGLE_PATH.test(req.path)) return world.google.router;
  if (req.path.startsWith('/2010-04-01/')) return world.twilio.router;
  if (req.path.startsWith('/_sandbox/echo')) return world.echo.router;
  return undefined;
}
