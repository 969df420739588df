import { definePlugin, Type, type Static } from '../../core/sdk.ts';

const config = Type.Object({}, { additionalProperties: false });

export default definePlugin<Static<typeof config>>({
  type: 'authScheme',
  name: 'none',
  summary: 'No credentials: for open systems, and for one request as `auth: none`.',
  config,
  example: 'none: {}\n',
  authorize: (request) => request,
});
