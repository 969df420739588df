import { expect } from 'chai';
import { systemClock } from '../../core/kernel/clock.ts';
import type { OutgoingRequest } from '../../core/kernel/http.ts';
import { followPointer, type JsonObject } from '../../core/kernel/json.ts';
import type { LiveConnection } from '../../core/kernel/ports.ts';
import { Registry } from '../../core/kernel/registry.ts';
import { ABSENT, type AuthChoice, type ErrorRule } from '../../core/language/plan.ts';
import { compileAuth } from '../../core/language/sections/auth.ts';
import { createAuthorizer, type Authorizer } from '../../core/runtime/auth.ts';
import { createHttpClient } from '../../core/runtime/http/client.ts';
import { MemoryConnectionStore } from '../../core/runtime/memory/connection-store.ts';
import basic from '../../plugins/basic/index.ts';
import bearer from '../../plugins/bearer/index.ts';
import oauth2 from '../../plugins/oauth2/index.ts';
import { bodyOf, listenHttp, sendJson } from '../support/http-server.ts';

const PLAN = { id: 'vendor', errors: [] };
const REQUEST: OutgoingRequest = {
  method: 'GET',
  url: new URL('https://api.vendor.test/x'),
  headers: { accept: 'text/csv' },
  body: undefined,
};

/** As a definition that says so is compiled. */
const compiled = (tokenUrl: string): AuthChoice[] =>
  compileAuth({ oauth2: { flow: 'clientCredentials', tokenUrl } }, '/auth', new Registry([oauth2]));

async function failureOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('A failure was expected, and there was none.');
}

describe('authorizer', () => {
  const toClose: { close(): unknown }[] = [];
  const keep = <T extends { close(): unknown }>(thing: T): T => {
    toClose.push(thing);
    return thing;
  };
  afterEach(async () => {
    for (const thing of toClose.splice(0)) await thing.close();
  });

  async function setup(
    more: { app?: JsonObject; config?: JsonObject; endpoints?: Record<string, string> } = {},
  ): Promise<{ authorizer: Authorizer; connection: LiveConnection }> {
    const http = keep(createHttpClient({ clock: systemClock, endpoints: more.endpoints ?? {} }));
    const connections = new MemoryConnectionStore('vendor', more.config ?? {});
    const registry = new Registry([basic, bearer, oauth2]);
    const authorizer = createAuthorizer({
      registry,
      connections,
      http,
      clock: systemClock,
      app: () => more.app ?? {},
    });
    return { authorizer, connection: await connections.load() };
  }

  it('takes the first choice that holds, with its config evaluated over the scope', async () => {
    const { authorizer, connection } = await setup();
    const choices: AuthChoice[] = [
      {
        if: (scope) => scope['kind'] === 'user',
        scheme: 'basic',
        config: () => ({ username: 'u', password: 'p' }),
      },
      { scheme: 'bearer', config: (scope) => ({ token: String(scope['token']) }) },
    ];
    const header = async (scope: JsonObject) =>
      (await authorizer.authorize(choices, scope, connection, REQUEST, PLAN)).headers;
    expect(await header({ kind: 'user' })).to.deep.equal({ accept: 'text/csv', authorization: 'Basic dTpw' });
    expect(await header({ token: 't' })).to.deep.equal({ accept: 'text/csv', authorization: 'Bearer t' });
  });

  it('leaves a request as it is where no choice holds', async () => {
    const { authorizer, connection } = await setup();
    const choices: AuthChoice[] = [{ if: () => false, scheme: 'bearer', config: () => ABSENT }];
    expect(await authorizer.authorize(choices, {}, connection, REQUEST, PLAN)).to.equal(REQUEST);
    expect(await authorizer.authorize([], {}, undefined, REQUEST, PLAN)).to.equal(REQUEST);
    expect(await authorizer.renew(choices, {}, connection, PLAN, REQUEST)).to.equal(false);
  });

  it('has no other credentials for schemes that keep none', async () => {
    const { authorizer, connection } = await setup();
    expect(
      await authorizer.renew([{ scheme: 'bearer', config: () => ({ token: 't' }) }], {}, connection, PLAN, REQUEST),
    ).to.equal(false);
  });

  describe('of token requests', () => {
    const oauth = (tokenUrl: string): AuthChoice[] => [
      { scheme: 'oauth2', config: () => ({ flow: 'clientCredentials', tokenUrl }) },
    ];

    it("fills the client from the operator's values, and maps the origin", async () => {
      let authorization: string | undefined;
      const server = keep(
        await listenHttp((request, response) => {
          ({ authorization } = request.headers);
          sendJson(response, 200, { access_token: 'new' });
        }),
      );
      const endpoints = { 'https://auth.vendor.test': server.origin };
      const { authorizer, connection } = await setup({
        app: { clientId: 'id', clientSecret: 's' },
        endpoints,
      });
      const { headers } = await authorizer.authorize(
        oauth('https://auth.vendor.test/token'),
        {},
        connection,
        REQUEST,
        PLAN,
      );
      expect(headers['authorization']).to.equal('Bearer new');
      expect(authorization).to.equal(`Basic ${Buffer.from('id:s').toString('base64')}`);
    });

    it("judges answers by the definition's rules, good ones too", async () => {
      const server = keep(
        await listenHttp((_request, response) =>
          sendJson(response, 200, { ok: false, access_token: 'x', error: 'team_locked' }),
        ),
      );
      const rule = (verdict: ErrorRule['then']): ErrorRule => ({
        at: '/errors/0',
        when: (_scope, answer) => followPointer(answer?.body, '/ok') === false,
        // oxlint-disable-next-line unicorn/no-thenable -- the language's word for a rule's verdict
        then: verdict,
        message: () => 'The team is locked.',
      });
      const { authorizer, connection } = await setup();
      const thrown = async (then: ErrorRule['then']): Promise<unknown> => {
        try {
          return await authorizer.authorize(oauth(server.origin), {}, connection, REQUEST, {
            id: 'vendor',
            errors: [rule(then)],
          });
        } catch (error) {
          return error;
        }
      };
      expect(await thrown('fail'))
        .to.include({ name: 'StepFault', kind: 'config' })
        .and.have.property('message')
        .that.contains('The team is locked.');
      expect(await thrown('rateLimited')).to.include({ name: 'StepFault', kind: 'transient' });
      expect(await thrown('refresh')).to.include({ name: 'ReauthRequired' });
      expect(await thrown('ignore')).to.have.nested.property('headers.authorization', 'Bearer x');
    });

    it('guards a token endpoint whose host a tenant may name, however it is written', async () => {
      let requests = 0;
      const server = keep(
        await listenHttp((_request, response) =>
          sendJson(response, 200, { access_token: String((requests += 1)) }),
        ),
      );
      const { authorizer, connection } = await setup();
      const { port } = server;
      const bad = { domain: `2130706433:${port}`, first: '127.', rest: `0.0.1:${port}`, whole: server.origin };
      for (const tokenUrl of [
        'http://{{ connection.domain }}/token',
        'http://{{ connection.first }}{{ connection.rest }}/token',
        'http://127.0.0.1{{ connection.rest }}/token',
        '{{ connection.whole }}/token',
      ]) {
        const connectionOf = tokenUrl.includes('1{{') ? { ...bad, rest: `:${port}` } : bad;
        const scope = { connection: connectionOf, app: {} };
        const error = await failureOf(() =>
          authorizer.authorize(compiled(tokenUrl), scope, connection, REQUEST, PLAN),
        );
        expect(error, tokenUrl).to.have.property('code', 'EGRESS_REFUSED');
      }
      expect(requests).to.equal(0);
    });

    it("trusts a token endpoint that the definition or the operator names", async () => {
      const server = keep(await listenHttp((_request, response) => sendJson(response, 200, { access_token: 't' })));
      const { authorizer, connection } = await setup();
      const scope = { connection: { tenant: server.origin }, app: { issuer: server.origin } };
      for (const tokenUrl of [`${server.origin}/{{ connection.tenant }}/token`, '{{ app.issuer }}/token']) {
        const { headers } = await authorizer.authorize(compiled(tokenUrl), scope, connection, REQUEST, PLAN);
        expect(headers['authorization']).to.equal('Bearer t');
      }
    });

    it('repeats nothing secret of what a token endpoint says, not even to those who waited for another', async () => {
      const told: string[] = [];
      const server = keep(
        await listenHttp(async (request, response) => {
          const body = await bodyOf(request);
          const { authorization = '' } = request.headers;
          const password = Buffer.from(authorization.slice(6), 'base64').toString();
          const description = `${body} ${decodeURIComponent(body)} ${authorization} ${password}`;
          told.push(description);
          sendJson(response, 400, { error: 'invalid_request', error_description: description });
        }),
      );
      const { authorizer, connection } = await setup();
      const config = {
        flow: 'refreshToken',
        tokenUrl: server.origin,
        refreshToken: 'refresh/token+0815',
        clientId: 'id',
        clientSecret: 'client secret: 4711',
      };
      const choices: AuthChoice[] = [{ scheme: 'oauth2', config: () => config }];
      const ask = () => failureOf(() => authorizer.authorize(choices, {}, connection, REQUEST, PLAN));
      for (const error of await Promise.all([ask(), ask()])) {
        expect(error).to.have.property('name', 'ReauthRequired');
        expect(JSON.stringify([String(error), (error as Error).stack, (error as Error).cause])).to.not.match(
          /refresh.{1,3}token.{1,3}0815|client.{1,3}secret|4711/,
        );
      }
      expect(told).to.have.length(1);
    });
  });

  describe("of a person's consent", () => {
    const config = {
      flow: 'authorizationCode',
      authorizationUrl: 'https://accounts.vendor.test/auth',
      tokenUrl: 'https://accounts.vendor.test/token',
    };
    const callback = { redirectUri: 'https://sluice.test/oauth/callback', state: 's' };

    it('gives the page at the origin it is mapped to', async () => {
      const { authorizer } = await setup({
        app: { clientId: 'id' },
        endpoints: { 'https://accounts.vendor.test': 'http://127.0.0.1:4010' },
      });
      const page = authorizer.begin([{ scheme: 'oauth2', config: () => config }], {}, PLAN, callback);
      expect(page?.url).to.match(/^http:\/\/127\.0\.0\.1:4010\/auth\?.*client_id=id/);
    });

    it('gives none where none is needed', async () => {
      const { authorizer } = await setup();
      expect(
        authorizer.begin([{ scheme: 'bearer', config: () => ({ token: 't' }) }], {}, PLAN, callback),
      ).to.equal(undefined);
      expect(
        authorizer.begin(
          [{ scheme: 'oauth2', config: () => ({ ...config, flow: 'jwtBearer' }) }],
          {},
          PLAN,
          callback,
        ),
      ).to.equal(undefined);
    });

    it('says that the operator has given no client id', async () => {
      const { authorizer } = await setup();
      expect(() =>
        authorizer.begin([{ scheme: 'oauth2', config: () => config }], {}, PLAN, callback),
      ).to.throw('SLUICE_APPS');
    });
  });
});
