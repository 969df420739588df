import { Router } from 'express';
import type { Request, Response } from 'express';
import { markup, sendPage } from '../page.ts';
import { CLIENT, PERSON } from './accounts.ts';
import type { GoogleAccounts } from './accounts.ts';

/**
 * The page of accounts.google.com on which a person lets an application in.
 * Source: https://developers.google.com/identity/protocols/oauth2/web-server#creatingclient
 */
export function consentRoutes(accounts: GoogleAccounts): Router {
  const router = Router();
  router.get(['/o/oauth2/v2/auth', '/o/oauth2/auth'], (req, res) => {
    const asked = readRequest(req.query);
    if ('refusal' in asked) return refusePage(res, asked);
    return consentPage(req, res, asked);
  });
  router.post(['/o/oauth2/v2/auth', '/o/oauth2/auth'], (req, res) => {
    const asked = readRequest(req.query);
    if ('refusal' in asked) return refusePage(res, asked);
    const form = new URLSearchParams(Buffer.isBuffer(req.body) ? req.body.toString('utf8') : '');
    const target = new URL(asked.redirectUri);
    if (form.get('decision') === 'allow') {
      const { state: _state, offline, askAgain, ...code } = asked;
      target.searchParams.set('code', accounts.consent({ ...code, subject: PERSON }, offline, askAgain));
      target.searchParams.set('scope', asked.scope);
    } else {
      target.searchParams.set('error', 'access_denied');
    }
    if (asked.state !== undefined) target.searchParams.set('state', asked.state);
    res.set('cache-control', 'no-store').redirect(302, target.href);
  });
  return router;
}

interface Asked {
  readonly redirectUri: string;
  readonly scope: string;
  readonly state: string | undefined;
  readonly offline: boolean;
  readonly askAgain: boolean;
  readonly challenge: string | undefined;
  readonly challengeMethod: 'S256' | 'plain';
}

interface Refused {
  readonly refusal: string;
  readonly explanation: string;
}

function readRequest(query: Request['query']): Asked | Refused {
  const one = (name: string) =>
    typeof query[name] === 'string' && query[name] !== '' ? query[name] : undefined;
  if (one('client_id') === undefined)
    return refused('invalid_request', 'Missing required parameter: client_id');
  if (one('client_id') !== CLIENT.id) return refused('invalid_client', 'The OAuth client was not found.');
  const redirectUri = one('redirect_uri');
  if (redirectUri === undefined)
    return refused('invalid_request', 'Missing required parameter: redirect_uri');
  if (!acceptsRedirect(redirectUri)) {
    return refused(
      'redirect_uri_mismatch',
      `The sandbox takes https, and http on this machine: not ${redirectUri}`,
    );
  }
  if (one('response_type') !== 'code') {
    return refused('unsupported_response_type', `The sandbox answers response_type=code only.`);
  }
  const scope = one('scope');
  if (scope === undefined) return refused('invalid_request', 'Missing required parameter: scope');
  const method = one('code_challenge_method') ?? 'plain';
  if (method !== 'S256' && method !== 'plain') {
    return refused('invalid_request', `Invalid parameter value for code_challenge_method: ${method}`);
  }
  return {
    redirectUri,
    scope,
    state: one('state'),
    offline: one('access_type') === 'offline',
    askAgain: (one('prompt') ?? '').split(' ').includes('consent'),
    challenge: one('code_challenge'),
    challengeMethod: method,
  };
}

function refused(refusal: string, explanation: string): Refused {
  return { refusal, explanation };
}

/** Google wants registered URIs; the sandbox has no registration, so it holds to Google's rule for their form. */
function acceptsRedirect(uri: string): boolean {
  if (!URL.canParse(uri)) return false;
  const { protocol, hostname } = new URL(uri);
  return (
    protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname))
  );
}

function refusePage(res: Response, asked: Refused): void {
  const status = asked.refusal === 'invalid_client' ? 401 : 400;
  sendPage(res, {
    title: 'Access blocked',
    status,
    body: markup`<div class="card">
      <h1>Access blocked: the request is invalid</h1>
      <p>${asked.explanation}</p>
      <p class="note">Error ${status}: ${asked.refusal}</p>
    </div>`,
  });
}

function consentPage(req: Request, res: Response, asked: Asked): void {
  const scopes = asked.scope.split(' ');
  sendPage(res, {
    title: 'Sign in with Google (sandbox)',
    // Browsers hold the redirect after a form to this list as well.
    formTargets: [new URL(asked.redirectUri).origin],
    body: markup`<div class="card">
      <p class="note">Sandbox: this page stands in for accounts.google.com</p>
      <h1>An application wants to access the Google account ${PERSON}</h1>
      <p>It will be able to use:</p>
      <ul>
        ${scopes.map((scope) => markup`<li><code>${scope}</code></li>`)}
      </ul>
      <p class="note">
        It
        ${asked.offline ? 'also asks for access while you are away (a refresh token)' : 'asks for access for one hour, without a refresh token'}.
        You go back to ${new URL(asked.redirectUri).origin}.
      </p>
      <form class="row" method="post" action="${req.originalUrl}">
        <button name="decision" value="allow">Allow</button>
        <button class="quiet" name="decision" value="deny">Cancel</button>
      </form>
    </div>`,
  });
}
