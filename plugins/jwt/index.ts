import { definePlugin, signJwt, Type, type JwtSpec } from '../../core/sdk.ts';

const config = Type.Object(
  {
    algorithm: Type.String({ description: 'RS256, ES256, HS256 ... (RFC 7518, section 3.1).' }),
    key: Type.String({
      minLength: 1,
      description: 'PEM or JWK of a private key, or the shared secret of an HS algorithm.',
    }),
    header: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'Further fields of the header, such as kid.',
      }),
    ),
    claims: Type.Record(Type.String(), Type.Unknown()),
    lifetime: Type.Optional(
      Type.String({ description: 'ISO 8601 duration until exp, PT5M by default; iat is a minute back.' }),
    ),
  },
  { additionalProperties: false },
);

export default definePlugin<JwtSpec>({
  type: 'authScheme',
  name: 'jwt',
  summary: 'A JWT signed for each request, as a bearer token.',
  config,
  example: `jwt:
  algorithm: RS256
  key: "{{ connection.privateKey }}"
  claims: { iss: "{{ connection.appId }}" }
  lifetime: PT9M
`,
  authorize: async (request, config, { clock }) => {
    const token = await signJwt(config, clock);
    return { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } };
  },
});
