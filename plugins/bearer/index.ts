import { definePlugin, Type, type Static } from '../../core/sdk.ts';

const config = Type.Object({ token: Type.String({ minLength: 1 }) }, { additionalProperties: false });
type Config = Static<typeof config>;

export default definePlugin<Config>({
  type: 'authScheme',
  name: 'bearer',
  summary: 'A token that does not change, as a bearer token (RFC 6750).',
  config,
  example: `bearer:
  token: "{{ connection.token }}"
`,
  authorize: (request, { token }) => ({
    ...request,
    headers: { ...request.headers, authorization: `Bearer ${token}` },
  }),
});
