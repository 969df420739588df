import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { systemClock, VirtualClock, type Clock } from '../../core/kernel/clock.ts';
import type { JsonObject } from '../../core/kernel/json.ts';
import type { Tokens } from '../../core/kernel/plugin.ts';
import type { LiveConnection } from '../../core/kernel/ports.ts';
import { Registry } from '../../core/kernel/registry.ts';
import type { AuthChoice } from '../../core/language/plan.ts';
import type { OutgoingRequest } from '../../core/kernel/http.ts';
import { createAuthorizer } from '../../core/runtime/auth.ts';
import { createHttpClient } from '../../core/runtime/http/client.ts';
import { MemoryConnectionStore } from '../../core/runtime/memory/connection-store.ts';
import oauth2 from '../../plugins/oauth2/index.ts';
import { bodyOf, listenHttp, sendJson } from '../support/http-server.ts';
import { CLIENT, REDIRECT_URI, startOAuthServer, type OAuthServer } from '../support/oauth-server.ts';

const PLAN = { id: 'vendor', errors: [] };
const CALLBACK = { redirectUri: REDIRECT_URI, state: 'state-1' };

describe('oauth2', () => {
  const toClose: { close(): unknown }[] = [];
  const keep = <T extends { close(): unknown }>(thing: T): T => {
    toClose.push(thing);
    return thing;
  };
  afterEach(async () => {
    for (const thing of toClose.splice(0)) await thing.close();
  });

  /** One connection whose requests this scheme authorises. */
  async function setup(
    config: JsonObject,
    tokens?: Partial<Tokens>,
    clock: Clock = systemClock,
    app: JsonObject = {},
  ) {
    const http = keep(createHttpClient({ clock }));
    const document: JsonObject = tokens ? { $oauth: JSON.parse(JSON.stringify(tokens)) as JsonObject } : {};
    const connections = new MemoryConnectionStore('vendor', document);
    const connection: LiveConnection = await connections.load();
    const authorizer = createAuthorizer({
      registry: new Registry([oauth2]),
      connections,
      http,
      clock,
      app: () => app,
    });
    const choices: AuthChoice[] = [{ scheme: 'oauth2', config: () => config }];
    const request = {
      method: 'GET',
      url: new URL('https://api.vendor.test/me'),
      headers: {},
      body: undefined,
    };
    const send = async () => authorizer.authorize(choices, {}, connection, request, PLAN);
    return {
      authorizer,
      connections,
      connection,
      choices,
      tokens: () => connections.tokens(),
      send,
      token: async () => (await send()).headers['authorization'],
      renew: (refused: OutgoingRequest) => authorizer.renew(choices, {}, connection, PLAN, refused),
    };
  }

  describe('at a real authorization server', () => {
    let server: OAuthServer;
    beforeEach(async () => {
      server = keep(await startOAuthServer());
    });
    const settings = (more: JsonObject = {}): JsonObject => ({
      flow: 'authorizationCode',
      authorizationUrl: `${server.origin}/auth?hd=vendor.test`,
      tokenUrl: `${server.origin}/token`,
      scopes: ['openid', 'offline_access'],
      authorizationParams: { prompt: 'consent' },
      ...more,
    });
    const me = async (authorization: string | undefined): Promise<number> =>
      (await fetch(`${server.origin}/me`, { headers: { authorization: authorization ?? '' } })).status;

    it("gets tokens by a person's consent, with PKCE and the operator's client", async () => {
      const { authorizer, choices, connection } = await setup(settings(), undefined, systemClock, CLIENT);
      const page = authorizer.begin(choices, {}, PLAN, CALLBACK)!;
      const { searchParams } = new URL(page.url);
      expect(Object.fromEntries(searchParams)).to.include({
        hd: 'vendor.test',
        response_type: 'code',
        client_id: CLIENT.clientId,
        state: 'state-1',
        redirect_uri: REDIRECT_URI,
        scope: 'openid offline_access',
        code_challenge_method: 'S256',
        prompt: 'consent',
      });
      const params = await server.consent(page.url);
      expect(params).to.include({ state: 'state-1' });
      const tokens = await authorizer.complete(choices, {}, connection, PLAN, {
        redirectUri: REDIRECT_URI,
        params,
        verifier: page.verifier!,
      });
      expect(tokens.refreshToken).to.be.a('string');
      expect(tokens.expiresAt).to.be.greaterThan(systemClock.now());
      expect(await me(`Bearer ${tokens.accessToken}`)).to.equal(200);
    });

    it('fails a code without its verifier', async () => {
      const { authorizer, choices, connection } = await setup(settings(CLIENT));
      const params = await server.consent(authorizer.begin(choices, {}, PLAN, CALLBACK)!.url);
      const error = await failure(
        authorizer.complete(choices, {}, connection, PLAN, { redirectUri: REDIRECT_URI, params }),
      );
      expect(error).to.include({ name: 'ReauthRequired' });
      expect(error.message).to.contain('invalid_grant');
    });

    const authorised = async (more: JsonObject = {}): Promise<Tokens> => {
      const { authorizer, choices, connection } = await setup(settings({ ...CLIENT, ...more }));
      const page = authorizer.begin(choices, {}, PLAN, CALLBACK)!;
      const params = await server.consent(page.url);
      return authorizer.complete(choices, {}, connection, PLAN, {
        redirectUri: REDIRECT_URI,
        params,
        verifier: page.verifier!,
      });
    };

    it('renews ahead of expiry, once for any number of requests, and keeps the rotated refresh token', async () => {
      const first = await authorised();
      const soon = { ...first, expiresAt: systemClock.now() + 60_000 };
      const { token, tokens } = await setup(settings(CLIENT), soon);
      const before = server.tokenRequests();
      const headers = await Promise.all([token(), token(), token()]);
      expect(server.tokenRequests() - before).to.equal(1);
      expect(new Set(headers).size).to.equal(1);
      expect(await me(headers[0])).to.equal(200);
      const second = await tokens();
      expect(second?.refreshToken).to.be.a('string').and.not.equal(first.refreshToken);
    });

    it('renews after a 401, once however many requests were refused', async () => {
      const { send, token, renew } = await setup(settings(CLIENT), {
        ...(await authorised()),
        accessToken: 'revoked',
      });
      const [first, second, late] = [await send(), await send(), await send()];
      expect(await me(first.headers['authorization'])).to.equal(401);
      const before = server.tokenRequests();
      expect(await Promise.all([renew(first), renew(second)])).to.deep.equal([true, true]);
      await token();
      // Sent with the old token, refused after others had got the new one.
      expect(await renew(late)).to.equal(true);
      expect(server.tokenRequests() - before).to.equal(1);
      expect(await me(await token())).to.equal(200);
    });

    it('asks for a person where the refresh token was used before: the server has revoked the grant', async () => {
      const stolen = await authorised();
      const expired = { ...stolen, expiresAt: 1 };
      const good = await setup(settings(CLIENT), expired);
      await good.token();
      const replayed = await setup(settings(CLIENT), expired);
      expect(await failure(replayed.token())).to.include({ name: 'ReauthRequired' });
      const error = await failure(
        (await setup(settings(CLIENT), { ...(await good.tokens()), expiresAt: 1 })).token(),
      );
      expect(error.message).to.contain('invalid_grant');
    });

    it('gets tokens by client credentials, in each way a client may show who it is', async () => {
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const jwks = {
        keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' }],
      };
      const withKeys = keep(await startOAuthServer({ jwks }));
      const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
      const clients: JsonObject[] = [
        CLIENT,
        { ...CLIENT, clientId: 'by-body', clientAuth: 'body' },
        {
          clientId: 'by-key',
          clientAuth: 'privateKeyJwt',
          assertion: { algorithm: 'RS256', key, header: { kid: 'k1' }, claims: { aud: withKeys.origin } },
        },
      ];
      for (const client of clients) {
        const { token } = await setup({
          flow: 'clientCredentials',
          tokenUrl: `${withKeys.origin}/token`,
          ...client,
        });
        expect(await token()).to.match(/^Bearer .{20,}/);
      }
    });

    it('says that a client is refused', async () => {
      const { token } = await setup({
        flow: 'clientCredentials',
        tokenUrl: `${server.origin}/token`,
        ...CLIENT,
        clientSecret: 'wrong',
      });
      const error = await failure(token());
      expect(error).to.include({ name: 'ReauthRequired' });
      expect(error.message).to.contain('invalid_client').and.not.contain('wrong');
    });
  });

  describe('at vendors with ways of their own', () => {
    type Seen = { url: string; headers: IncomingMessage['headers']; body: string };
    /** A token endpoint that answers as told, in order; the last answer repeats. */
    async function vendor(...answers: ((seen: Seen, response: ServerResponse) => void)[]) {
      const seen: Seen[] = [];
      const server = keep(
        await listenHttp(async (request, response) => {
          const one = { url: request.url ?? '', headers: request.headers, body: await bodyOf(request) };
          const answer = answers[Math.min(seen.length, answers.length - 1)]!;
          seen.push(one);
          answer(one, response);
        }),
      );
      return { ...server, seen };
    }
    const issue = (body: JsonObject) => (_seen: Seen, response: ServerResponse) =>
      sendJson(response, 200, body);
    const say = (status: number, body: JsonObject) => (_seen: Seen, response: ServerResponse) =>
      sendJson(response, status, body);

    it('keeps the refresh token of old where an answer leaves it out, and computes expiry by the clock', async () => {
      const clock = new VirtualClock(Date.parse('2024-05-01T12:00:00Z'));
      const { origin, seen } = await vendor(issue({ access_token: 'new', expires_in: 3600 }));
      const { token, tokens } = await setup(
        { flow: 'authorizationCode', tokenUrl: `${origin}/token`, ...CLIENT },
        { accessToken: 'old', refreshToken: 'r1', expiresAt: clock.now() + 240_000 },
        clock,
      );
      expect(await token()).to.equal('Bearer new');
      expect(Object.fromEntries(new URLSearchParams(seen[0]!.body))).to.deep.equal({
        grant_type: 'refresh_token',
        refresh_token: 'r1',
      });
      expect(await tokens()).to.deep.equal({
        accessToken: 'new',
        refreshToken: 'r1',
        expiresAt: clock.now() + 3_600_000,
        obtainedAt: clock.now(),
      });
      clock.advance(3_600_000 - 300_001);
      expect(await token()).to.equal('Bearer new');
      expect(seen.length).to.equal(1);
      clock.advance(1);
      await token();
      expect(seen.length).to.equal(2);
    });

    it('renews tokens that live shorter than refreshBefore from half their life, not with each request', async () => {
      const clock = new VirtualClock(1_700_000_000_000);
      const { origin, seen } = await vendor(issue({ access_token: 'short', expires_in: '60' }));
      const { token } = await setup(
        { flow: 'clientCredentials', tokenUrl: origin, ...CLIENT },
        undefined,
        clock,
      );
      await token();
      clock.advance(29_000);
      await token();
      expect(seen.length).to.equal(1);
      clock.advance(1000);
      await token();
      expect(seen.length).to.equal(2);
    });

    it('sends JSON bodies, further parameters and headers, and uses refreshUrl', async () => {
      const { origin, seen } = await vendor(issue({ access_token: 'new' }));
      const { token } = await setup({
        flow: 'refreshToken',
        tokenUrl: `${origin}/token`,
        refreshUrl: `${origin}/refresh`,
        clientId: 'id',
        clientSecret: 's',
        clientAuth: 'body',
        tokenBody: 'json',
        tokenParams: { audience: 'api', refresh_token: 'first' },
        tokenHeaders: { 'X-Tenant': 't1' },
      });
      expect(await token()).to.equal('Bearer new');
      expect(seen[0]!.url).to.equal('/refresh');
      expect(seen[0]!.headers).to.include({
        'x-tenant': 't1',
        'content-type': 'application/json',
        accept: 'application/json',
      });
      expect(JSON.parse(seen[0]!.body)).to.deep.equal({
        grant_type: 'refresh_token',
        refresh_token: 'first',
        client_id: 'id',
        client_secret: 's',
        audience: 'api',
      });
    });

    it('reads answers by pointers, and saves values beside the tokens', async () => {
      const { origin } = await vendor(
        issue({
          authed_user: { access_token: 'xoxp' },
          token: { until: '2030-01-01T00:00:00Z' },
          team: { id: 'T1' },
          ok: true,
        }),
      );
      const { authorizer, choices, connection } = await setup({
        flow: 'authorizationCode',
        tokenUrl: origin,
        clientId: 'id',
        tokenResponse: { accessToken: '/authed_user/access_token', expiresAt: '/token/until' },
        saveFromToken: { teamId: '/team/id', missing: '/nope' },
        saveFromCallback: { realm: '/realmId' },
      });
      const tokens = await authorizer.complete(choices, {}, connection, PLAN, {
        redirectUri: REDIRECT_URI,
        params: { code: 'c', realmId: '42' },
      });
      expect(tokens).to.deep.include({
        accessToken: 'xoxp',
        expiresAt: Date.parse('2030-01-01T00:00:00Z'),
        saved: { teamId: 'T1', realm: '42' },
      });
    });

    it('reads answers in form encoding', async () => {
      const { origin } = await vendor((_seen, response) =>
        response
          .writeHead(200, { 'content-type': 'application/x-www-form-urlencoded' })
          .end('access_token=gho_1&scope=repo'),
      );
      expect(
        await (await setup({ flow: 'clientCredentials', tokenUrl: origin, ...CLIENT })).token(),
      ).to.equal('Bearer gho_1');
    });

    it('signs the assertion of a service account', async () => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const { origin, seen } = await vendor(issue({ access_token: 'sa', expires_in: 3600 }));
      const { token } = await setup({
        flow: 'jwtBearer',
        tokenUrl: `${origin}/token`,
        scopes: ['a', 'b'],
        assertion: {
          algorithm: 'RS256',
          key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
          claims: { iss: 'robot@project' },
          lifetime: 'PT1H',
        },
      });
      expect(await token()).to.equal('Bearer sa');
      const {
        grant_type: grant,
        assertion,
        ...rest
      } = Object.fromEntries(new URLSearchParams(seen[0]!.body));
      expect(grant).to.equal('urn:ietf:params:oauth:grant-type:jwt-bearer');
      expect(rest).to.deep.equal({});
      expect(decodeJwt(assertion!)).to.include({
        iss: 'robot@project',
        aud: `${origin}/token`,
        scope: 'a b',
      });
    });

    it('asks for a person where nobody has consented, and where nothing can be renewed', async () => {
      const config = { flow: 'authorizationCode', tokenUrl: 'https://auth.vendor.test/token', ...CLIENT };
      expect((await failure((await setup(config)).token())).message).to.contain(
        'Nobody has authorised this connection yet',
      );
      const expired = await failure((await setup(config, { accessToken: 'a', expiresAt: 1 })).token());
      expect(expired).to.include({ name: 'ReauthRequired' });
      const { send, renew } = await setup(config, { accessToken: 'a' });
      expect(await renew(await send())).to.equal(false);
    });

    for (const [status, error] of [
      [503, 'temporarily_unavailable'],
      [500, 'oops'],
      [429, 'slow_down'],
      [400, 'temporarily_unavailable'],
    ] as const) {
      it(`takes ${status} ${error} for trouble that passes`, async () => {
        const { origin } = await vendor(say(status, { error }));
        expect(
          await failure((await setup({ flow: 'clientCredentials', tokenUrl: origin, ...CLIENT })).token()),
        ).to.include({ name: 'StepFault', kind: 'transient' });
      });
    }

    it('takes a cut answer for trouble that passes', async () => {
      const { origin } = await vendor((_seen, response) => response.destroy());
      expect(
        await failure((await setup({ flow: 'clientCredentials', tokenUrl: origin, ...CLIENT })).token()),
      ).to.include({ name: 'StepFault', kind: 'transient' });
    });

    it('goes on with a token that still lives while the endpoint is in trouble', async () => {
      const { origin } = await vendor(say(503, {}));
      const config = { flow: 'authorizationCode', tokenUrl: origin, ...CLIENT };
      const { token } = await setup(config, {
        accessToken: 'alive',
        refreshToken: 'r',
        expiresAt: systemClock.now() + 60_000,
      });
      expect(await token()).to.equal('Bearer alive');
    });

    it("takes GitHub's 200 with an error for what it is", async () => {
      const { origin } = await vendor(
        issue({
          error: 'bad_refresh_token',
          error_description: 'The refresh token passed is incorrect or expired.',
        }),
      );
      const { token } = await setup({ flow: 'refreshToken', tokenUrl: origin, refreshToken: 'r', ...CLIENT });
      const error = await failure(token());
      expect(error).to.include({ name: 'ReauthRequired' });
      expect(error.message).to.contain('incorrect or expired');
    });

    it('says what the callback said where no consent was given', async () => {
      const { authorizer, choices, connection } = await setup({
        flow: 'authorizationCode',
        tokenUrl: 'https://auth.vendor.test/',
        ...CLIENT,
      });
      const params = { error: 'access_denied', state: randomUUID() };
      const error = await failure(
        authorizer.complete(choices, {}, connection, PLAN, { redirectUri: REDIRECT_URI, params }),
      );
      expect(error.message).to.contain('access_denied');
    });

    it('leaves PKCE out where told to, and joins scopes as told', async () => {
      const { authorizer, choices } = await setup({
        flow: 'authorizationCode',
        authorizationUrl: 'https://auth.vendor.test/authorize',
        tokenUrl: 'https://auth.vendor.test/token',
        clientId: 'id',
        pkce: false,
        scopes: ['a', 'b'],
        scopeSeparator: ',',
      });
      const page = authorizer.begin(choices, {}, PLAN, CALLBACK)!;
      expect(page).not.to.have.property('verifier');
      expect(new URL(page.url).searchParams.get('scope')).to.equal('a,b');
      expect(new URL(page.url).searchParams.has('code_challenge')).to.equal(false);
    });
  });
});

async function failure(promise: unknown): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('A failure was expected, and there was none.');
}
