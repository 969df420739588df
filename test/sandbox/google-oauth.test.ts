import { createHash, generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { assertionFor } from './google-tokens.ts';
import { useSandbox } from './support.ts';
import type { Reply } from './support.ts';

const SCOPE = 'https://www.googleapis.com/auth/spreadsheets';
const REDIRECT = 'http://127.0.0.1:8080/oauth/callback';
const VERIFIER = 'a-verifier-that-is-long-enough-for-rfc-7636-so-be-it';
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

describe('sandbox: Google OAuth', () => {
  const { clock, sandbox, send } = useSandbox();

  const form = (path: string, fields: Record<string, string>): Promise<Reply> =>
    send({
      method: 'POST',
      host: 'oauth2.googleapis.com',
      path,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    });
  const client = () => {
    const { clientId, clientSecret } = sandbox().credentials.google;
    return { client_id: clientId, client_secret: clientSecret };
  };
  const authorizePath = (more: Record<string, string> = {}) =>
    `/o/oauth2/v2/auth?${new URLSearchParams({
      client_id: client().client_id,
      redirect_uri: REDIRECT,
      response_type: 'code',
      scope: SCOPE,
      state: 'the state',
      access_type: 'offline',
      prompt: 'consent',
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
      ...more,
    }).toString()}`;
  const allow = async (more: Record<string, string> = {}) => {
    const reply = await send({ method: 'POST', path: authorizePath(more), body: 'decision=allow' });
    expect(reply.status).to.equal(302);
    return new URL(String(reply.headers['location']));
  };
  const exchange = (code: string | null, more: Record<string, string> = {}) =>
    form('/token', {
      grant_type: 'authorization_code',
      code: code ?? '',
      redirect_uri: REDIRECT,
      code_verifier: VERIFIER,
      ...client(),
      ...more,
    });

  it('shows a consent page that escapes what it was given and allows no script', async () => {
    const reply = await send({ path: authorizePath({ scope: '<script>alert(1)</script>' }) });
    expect(reply.status).to.equal(200);
    expect(reply.text).to.contain('&lt;script&gt;').and.not.to.contain('<script');
    expect(reply.headers['content-security-policy'])
      .to.contain("default-src 'none'")
      .and.contain('http://127.0.0.1:8080');
  });

  it('gives access and refresh tokens for a code and its PKCE verifier, once', async () => {
    const target = await allow();
    expect(target.searchParams.get('state')).to.equal('the state');
    const reply = await exchange(target.searchParams.get('code'));
    expect(reply.status).to.equal(200);
    expect(reply.json()).to.include({ expires_in: 3599, token_type: 'Bearer', scope: SCOPE });
    expect(reply.json()).to.have.property('refresh_token');
    const again = await exchange(target.searchParams.get('code'));
    expect(again.status).to.equal(400);
    expect(again.json()).to.deep.equal({ error: 'invalid_grant', error_description: 'Malformed auth code.' });
  });

  it('refuses a wrong verifier, a missing one and another redirect URI', async () => {
    const wrong = await exchange((await allow()).searchParams.get('code'), { code_verifier: 'another' });
    expect(wrong.json()).to.have.property('error_description', 'Invalid code verifier.');
    const code = (await allow()).searchParams.get('code') ?? '';
    const missing = await form('/token', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: REDIRECT,
      ...client(),
    });
    expect(missing.json()).to.have.property('error_description', 'Missing code verifier.');
    const elsewhere = await exchange((await allow()).searchParams.get('code'), {
      redirect_uri: 'http://127.0.0.1:1/',
    });
    expect(elsewhere.json()).to.have.property('error', 'redirect_uri_mismatch');
  });

  it('refuses a code after ten minutes', async () => {
    const code = (await allow()).searchParams.get('code');
    clock.advance(10 * 60_000);
    expect((await exchange(code)).json()).to.have.property('error', 'invalid_grant');
  });

  it('gives a refresh token only for offline access, and again only with prompt=consent', async () => {
    const tokens = async (more: Record<string, string>) =>
      (await exchange((await allow(more)).searchParams.get('code'))).json();
    expect(await tokens({ access_type: 'online' })).not.to.have.property('refresh_token');
    expect(await tokens({ prompt: '' })).not.to.have.property('refresh_token');
    expect(await tokens({})).to.have.property('refresh_token');
  });

  it('refreshes without repeating the refresh token, until the consent is taken back', async () => {
    const first = (await exchange((await allow()).searchParams.get('code'))).json() as {
      refresh_token: string;
    };
    const fields = { grant_type: 'refresh_token', refresh_token: first.refresh_token, ...client() };
    const refreshed = await form('/token', fields);
    expect(refreshed.json()).to.have.property('access_token');
    expect(refreshed.json()).not.to.have.property('refresh_token');
    expect((await form('/revoke', { token: first.refresh_token })).status).to.equal(200);
    const after = await form('/token', fields);
    expect(after.status).to.equal(400);
    expect(after.json()).to.deep.equal({
      error: 'invalid_grant',
      error_description: 'Token has been expired or revoked.',
    });
  });

  it('sends a refusal back to the application', async () => {
    const reply = await send({ method: 'POST', path: authorizePath(), body: 'decision=deny' });
    expect(new URL(String(reply.headers['location'])).searchParams.get('error')).to.equal('access_denied');
  });

  it('blocks an unknown client and a redirect to plain http elsewhere', async () => {
    const unknown = await send({ path: authorizePath({ client_id: 'somebody' }) });
    expect(unknown.status).to.equal(401);
    expect(unknown.text).to.contain('invalid_client');
    const elsewhere = await send({ path: authorizePath({ redirect_uri: 'http://evil.example/cb' }) });
    expect(elsewhere.status).to.equal(400);
    expect(elsewhere.text).to.contain('redirect_uri_mismatch');
  });

  it('takes the client’s credentials as basic ones too', async () => {
    const { clientId, clientSecret } = sandbox().credentials.google;
    const code = (await allow()).searchParams.get('code') ?? '';
    const reply = await send({
      method: 'POST',
      host: 'oauth2.googleapis.com',
      path: '/token',
      headers: {
        authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: REDIRECT,
        code_verifier: VERIFIER,
      }).toString(),
    });
    expect(reply.status).to.equal(200);
  });

  it('refuses a wrong client secret', async () => {
    const reply = await exchange((await allow()).searchParams.get('code'), { client_secret: 'wrong' });
    expect(reply.status).to.equal(401);
    expect(reply.json()).to.have.property('error', 'invalid_client');
  });

  describe('service accounts', () => {
    const bearer = (assertion: string) =>
      form('/token', { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
    const account = () => sandbox().credentials.google.serviceAccount;

    it('gives an access token for a signed assertion', async () => {
      const reply = await bearer(await assertionFor(account(), clock, { scope: SCOPE }));
      expect(reply.status).to.equal(200);
      expect(reply.json()).to.include({ expires_in: 3599 }).and.not.to.have.property('refresh_token');
    });

    it('verifies the signature', async () => {
      const { privateKey } = generateKeyPairSync('rsa', {
        modulusLength: 2048,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      });
      const reply = await bearer(
        await assertionFor({ ...account(), private_key: privateKey }, clock, { scope: SCOPE }),
      );
      expect(reply.json()).to.deep.equal({
        error: 'invalid_grant',
        error_description: 'Invalid JWT Signature.',
      });
    });

    for (const [what, claims, description] of [
      ['another issuer', { iss: 'x@y.example' }, 'account not found'],
      ['another audience', { aud: 'https://elsewhere.example' }, 'Failed audience check'],
      ['a lifetime beyond an hour', { exp: Date.UTC(2027, 0) / 1000 }, 'short-lived token'],
      ['a time gone by', { iat: 1, exp: 3601 }, 'short-lived token'],
      ['no scope', { scope: undefined }, 'Invalid OAuth scope'],
    ] as const) {
      it(`refuses ${what}`, async () => {
        const reply = await bearer(await assertionFor(account(), clock, { scope: SCOPE, ...claims }));
        expect(reply.status).to.equal(400);
        expect((reply.json() as { error_description: string }).error_description).to.contain(description);
      });
    }

    it('refuses what is no JWT', async () => {
      expect((await bearer('nonsense')).status).to.equal(400);
    });
  });

  it('meets a scripted fault at the token endpoint only', async () => {
    const faults = { vendor: 'google-oauth', kind: 'status', status: 503 };
    await send({ method: 'POST', path: '/_sandbox/faults', body: JSON.stringify(faults) });
    expect((await form('/token', {})).status).to.equal(503);
    expect((await form('/token', {})).json()).to.have.property('error', 'invalid_request');
  });
});
