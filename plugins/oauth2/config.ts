import { Type, type Static } from '../../core/sdk.ts';

const texts = (description: string) =>
  Type.Optional(Type.Record(Type.String(), Type.String(), { description }));
const url = (description: string) => Type.String({ description });

const assertion = Type.Object(
  {
    algorithm: Type.String(),
    key: Type.String({ minLength: 1 }),
    header: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    claims: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    lifetime: Type.Optional(Type.String()),
  },
  {
    additionalProperties: false,
    description: 'As the keys of `jwt`: what jwtBearer sends, or what signs privateKeyJwt.',
  },
);

const tokenResponse = Type.Object(
  {
    accessToken: Type.Optional(Type.String()),
    refreshToken: Type.Optional(Type.String()),
    expiresIn: Type.Optional(Type.String({ description: 'Seconds from now.' })),
    expiresAt: Type.Optional(Type.String({ description: 'Epoch seconds or milliseconds, or RFC 3339.' })),
  },
  { additionalProperties: false, description: 'JSON Pointers into token answers that differ from RFC 6749.' },
);

export const config = Type.Object(
  {
    flow: Type.Enum(['authorizationCode', 'clientCredentials', 'refreshToken', 'jwtBearer']),
    authorizationUrl: Type.Optional(url('Where a person consents; needed by authorizationCode.')),
    tokenUrl: url('Where tokens are issued.'),
    refreshUrl: Type.Optional(url('Where tokens are renewed, if elsewhere.')),
    scopes: Type.Optional(Type.Array(Type.String())),
    scopeSeparator: Type.Optional(Type.String({ description: 'A space by default.' })),
    pkce: Type.Optional(Type.Boolean({ description: 'RFC 7636 with S256; true by default.' })),
    clientId: Type.Optional(Type.String({ description: 'app.clientId by default.' })),
    clientSecret: Type.Optional(Type.String({ description: 'app.clientSecret by default.' })),
    clientAuth: Type.Optional(Type.Enum(['basic', 'body', 'privateKeyJwt', 'none'])),
    authorizationParams: texts('Further parameters of the authorization URL.'),
    tokenParams: texts('Further parameters of token requests.'),
    tokenHeaders: texts('Further headers of token requests.'),
    tokenBody: Type.Optional(Type.Enum(['form', 'json'])),
    tokenResponse: Type.Optional(tokenResponse),
    assertion: Type.Optional(assertion),
    refreshToken: Type.Optional(
      Type.String({ description: 'For the flow refreshToken: the one to begin with.' }),
    ),
    refreshBefore: Type.Optional(
      Type.String({ description: 'How long before expiry tokens are renewed; PT5M by default.' }),
    ),
    saveFromToken: texts('Connection values taken from token answers: name to JSON Pointer.'),
    saveFromCallback: texts("Connection values taken from the callback's parameters: name to JSON Pointer."),
  },
  { additionalProperties: false },
);

export type Config = Static<typeof config>;
