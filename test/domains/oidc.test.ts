import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect } from 'chai';
import { openIdVerifier } from '../../core/domains/keys/oidc.ts';
import { uuid7 } from '../../core/kernel/ids.ts';
import { listenHttp, sendJson, type Listening } from '../support/http-server.ts';
import { rejection } from '../support/rejection.ts';

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

describe('bearer tokens of an issuer', () => {
  let issuer: Listening;
  let keys: KeyPair;
  let strangers: KeyPair;
  const tenant = uuid7();
  before(async () => {
    [keys, strangers] = [await generateKeyPair('ES256'), await generateKeyPair('ES256')];
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: '1', alg: 'ES256' };
    issuer = await listenHttp((request, response) => {
      if (request.url === '/jwks') sendJson(response, 200, { keys: [jwk] });
      else sendJson(response, 200, { issuer: issuer.origin, jwks_uri: `${issuer.origin}/jwks` });
    });
  });
  after(() => issuer.close());

  const token = (
    claims: Record<string, unknown>,
    { key = keys, audience = 'sluice', expires = '5m' } = {},
  ): Promise<string> =>
    new SignJWT({ sluice_tenant: tenant, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: '1' })
      .setSubject('ada')
      .setIssuer(issuer.origin)
      .setAudience(audience)
      .setExpirationTime(expires)
      .sign(key.privateKey);
  const verifier = () => openIdVerifier({ issuer: issuer.origin, audience: 'sluice' });

  it('say tenant and role by their claims', async () => {
    const caller = await verifier().caller(await token({ sluice_role: 'member' }));
    expect(caller).to.include({ kind: 'tenant', tenantId: tenant, actor: 'user:ada', role: 'member' });
    const viewer = await verifier().caller(await token({}));
    expect(viewer.kind === 'tenant' && [...viewer.scopes].every((scope) => scope.endsWith(':read'))).to.equal(
      true,
    );
  });

  it('are refused where key, audience, time or claims are wrong', async () => {
    const refused = [
      token({}, { key: strangers }),
      token({}, { audience: 'other' }),
      token({}, { expires: '-5m' }),
      token({ sluice_tenant: 'acme' }),
      token({ sluice_role: 'emperor' }),
      Promise.resolve('no.token.atall'),
    ];
    for (const each of refused) {
      const error = await rejection(verifier().caller(await each));
      expect(error.code, error.message).to.equal('UNAUTHENTICATED');
    }
  });

  it('wait where the issuer is away', async () => {
    const away = openIdVerifier({ issuer: 'http://127.0.0.1:1', audience: 'sluice' });
    expect((await rejection(away.caller(await token({})))).code).to.equal('UNAVAILABLE');
  });
});
