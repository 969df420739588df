import { definePlugin, Type, type Static } from '../../core/sdk.ts';

const config = Type.Object(
  {
    username: Type.String({ description: 'May not hold a colon (RFC 7617, section 2).' }),
    password: Type.String(),
  },
  { additionalProperties: false },
);
type Config = Static<typeof config>;

function credentials({ username, password }: Config): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

export default definePlugin<Config>({
  type: 'authScheme',
  name: 'basic',
  summary: 'User name and password (RFC 7617), in UTF-8.',
  config,
  example: `basic:
  username: "{{ connection.accountSid }}"
  password: "{{ connection.authToken }}"
`,
  authorize: (request, config) => ({
    ...request,
    headers: { ...request.headers, authorization: credentials(config) },
  }),
});
