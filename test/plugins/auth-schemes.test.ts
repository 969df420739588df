import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { expect } from 'chai';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { Webhook } from 'standardwebhooks';
import { systemClock, VirtualClock } from '../../core/kernel/clock.ts';
import type { OutgoingRequest } from '../../core/kernel/http.ts';
import type { JsonObject } from '../../core/kernel/json.ts';
import type { AuthScheme, AuthSession, Plugin } from '../../core/kernel/plugin.ts';
import apiKey from '../../plugins/apiKey/index.ts';
import awsSigV4 from '../../plugins/awsSigV4/index.ts';
import basic from '../../plugins/basic/index.ts';
import bearer from '../../plugins/bearer/index.ts';
import jwt from '../../plugins/jwt/index.ts';
import none from '../../plugins/none/index.ts';
import oauth2 from '../../plugins/oauth2/index.ts';
import standardWebhooks from '../../plugins/standardWebhooks/index.ts';
import { authSchemeContract } from './auth-scheme.contract.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const SECRET = `whsec_${Buffer.from('a key of twenty-four byte').toString('base64')}`;
const clock = new VirtualClock(Date.parse('2024-05-01T12:00:00Z'));
const withTokens = {
  clock,
  tokens: async () => ({ accessToken: 'kept' }),
} as Partial<AuthSession> as AuthSession;

const SCHEMES: Record<string, { plugin: Plugin; config: JsonObject; session?: AuthSession }> = {
  none: { plugin: none, config: {} },
  apiKey: { plugin: apiKey, config: { in: 'header', name: 'X-Api-Key', value: 'k' } },
  awsSigV4: {
    plugin: awsSigV4,
    config: { service: 's3', region: 'eu-central-1', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'k' },
  },
  basic: { plugin: basic, config: { username: 'u', password: 'p' } },
  bearer: { plugin: bearer, config: { token: 't' } },
  jwt: { plugin: jwt, config: { algorithm: 'RS256', key: pem('pkcs8'), claims: { iss: 'app' } } },
  oauth2: {
    plugin: oauth2,
    config: { flow: 'clientCredentials', tokenUrl: 'https://auth.vendor.test/token' },
    session: withTokens,
  },
  standardWebhooks: { plugin: standardWebhooks, config: { secret: SECRET } },
};

describe('auth schemes', () => {
  it('are all under the contract', async () => {
    const folders = await readdir(new URL('../../plugins/', import.meta.url));
    const kinds = await Promise.all(
      folders.map(
        async (folder) => ((await import(`../../plugins/${folder}/index.ts`)) as { default: Plugin }).default,
      ),
    );
    const found = kinds.filter(({ type }) => type === 'authScheme').map(({ name }) => name);
    expect(found.sort()).to.deep.equal(Object.keys(SCHEMES).sort());
  });

  for (const [folder, { plugin, config, session }] of Object.entries(SCHEMES)) {
    authSchemeContract(folder, scheme(plugin), config, session);
  }
  authSchemeContract('apiKey', scheme(apiKey), { in: 'query', name: 'api key', value: 'a&b' });

  describe('apiKey', () => {
    it('goes into a header', async () => {
      expect((await authorize(apiKey, { in: 'header', name: 'X-Api-Key', value: 'k' })).headers).to.include({
        'x-api-key': 'k',
      });
    });

    it('goes into the query behind what is there, escaped', async () => {
      const { url } = await authorize(apiKey, { in: 'query', name: 'api key', value: 'a&b=ü' });
      expect(url.search).to.equal('?q=a+b&api%20key=a%26b%3D%C3%BC');
    });
  });

  it('basic is RFC 7617 in UTF-8', async () => {
    const { headers } = await authorize(basic, { username: 'test', password: '123£' });
    expect(headers['authorization']).to.equal('Basic dGVzdDoxMjPCow==');
  });

  it('bearer is RFC 6750', async () => {
    expect((await authorize(bearer, { token: 'mF_9.B5f-4.1JqM' })).headers['authorization']).to.equal(
      'Bearer mF_9.B5f-4.1JqM',
    );
  });

  describe('jwt', () => {
    const signed = async (config: JsonObject): Promise<string> =>
      (await authorize(jwt, config)).headers['authorization']!.replace('Bearer ', '');

    for (const form of ['pkcs8', 'pkcs1'] as const) {
      it(`is signed with a PEM key (${form}), issued a minute back and expiring by lifetime`, async () => {
        const token = await signed({
          algorithm: 'RS256',
          key: pem(form),
          header: { kid: 'k1' },
          claims: { iss: 'app' },
          lifetime: 'PT9M',
        });
        const { payload } = await jwtVerify(token, publicKey, { currentDate: new Date(clock.now()) });
        const now = clock.now() / 1000;
        expect(payload).to.deep.equal({ iss: 'app', iat: now - 60, exp: now + 540 });
        expect(decodeProtectedHeader(token)).to.deep.equal({ alg: 'RS256', typ: 'JWT', kid: 'k1' });
      });
    }

    it('takes a JWK, a PEM with escaped line breaks, and a shared secret', async () => {
      const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const jwk = await signed({
        algorithm: 'ES256',
        key: JSON.stringify(ec.privateKey.export({ format: 'jwk' })),
        claims: {},
      });
      await jwtVerify(jwk, createPublicKey(ec.privateKey), { currentDate: new Date(clock.now()) });
      const escaped = await signed({
        algorithm: 'RS256',
        key: pem('pkcs8').replaceAll('\n', String.raw`\n`),
        claims: {},
      });
      await jwtVerify(escaped, publicKey, { currentDate: new Date(clock.now()) });
      const shared = await signed({ algorithm: 'HS256', key: 'x'.repeat(32), claims: {} });
      await jwtVerify(shared, Buffer.from('x'.repeat(32)), { currentDate: new Date(clock.now()) });
    });

    it('says which key does not fit, and not what it is', async () => {
      const error = await authorize(jwt, { algorithm: 'RS256', key: 'not a key', claims: {} }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.have.property('kind', 'config');
      expect((error as Error).message)
        .to.match(/^A JWT could not be signed with RS256/)
        .and.not.contain('not a key');
    });
  });

  describe('standardWebhooks', () => {
    const now = { clock: systemClock } as AuthSession;

    it('is verified by the reference library, emoji and all', async () => {
      const body = Buffer.from('{"text":"schön 🦊"}');
      const { headers } = await authorize(
        standardWebhooks,
        { secret: SECRET },
        { body, headers: { 'webhook-id': 'msg_1' } },
        now,
      );
      expect(new Webhook(SECRET).verify(body, headers)).to.deep.equal({ text: 'schön 🦊' });
      expect(() => new Webhook(SECRET).verify(`${body.toString()} `, headers)).to.throw();
    });

    it('keeps the id of the step, and dates each attempt anew', async () => {
      const at = (ms: number) => ({ clock: new VirtualClock(ms) }) as Partial<AuthSession> as AuthSession;
      const first = (await authorize(standardWebhooks, { secret: SECRET, id: 'key-1' }, {}, at(1000)))
        .headers;
      const second = (await authorize(standardWebhooks, { secret: SECRET, id: 'key-1' }, {}, at(60_000)))
        .headers;
      expect(second['webhook-id']).to.equal('key-1');
      expect([first['webhook-timestamp'], second['webhook-timestamp']]).to.deep.equal(['1', '60']);
      expect(second['webhook-signature']).not.to.equal(first['webhook-signature']);
    });

    it('says how to give it an id', async () => {
      const error = await authorize(standardWebhooks, { secret: SECRET }, { headers: {} }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.have.property('message').that.contains('header: webhook-id');
    });
  });
});

function scheme(plugin: Plugin): AuthScheme {
  if (plugin.type !== 'authScheme') throw new Error(`${plugin.name} is no auth scheme.`);
  return plugin as Plugin as AuthScheme;
}

async function authorize(
  plugin: Plugin,
  config: JsonObject,
  more: Partial<OutgoingRequest> = {},
  session?: AuthSession,
): Promise<OutgoingRequest> {
  const request = {
    method: 'POST',
    url: new URL('https://api.vendor.test/x?q=a+b'),
    headers: {},
    body: undefined,
    ...more,
  };
  return scheme(plugin).authorize(
    request,
    config,
    session ?? ({ clock } as Partial<AuthSession> as AuthSession),
  );
}

function pem(type: 'pkcs8' | 'pkcs1'): string {
  return privateKey.export({ type, format: 'pem' }) as string;
}
