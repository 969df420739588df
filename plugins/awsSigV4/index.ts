import { definePlugin, signAws, Type, type Static } from '../../core/sdk.ts';

const config = Type.Object(
  {
    service: Type.String({
      minLength: 1,
      description: 'Signing name of the service, such as cloudcontrolapi or s3.',
    }),
    region: Type.String({ minLength: 1, description: 'Region that is called, such as eu-central-1.' }),
    accessKeyId: Type.String({ minLength: 1 }),
    secretAccessKey: Type.String({ minLength: 1 }),
    sessionToken: Type.Optional(
      Type.String({ description: 'Of temporary credentials (access keys that begin with ASIA).' }),
    ),
  },
  { additionalProperties: false },
);
type Config = Static<typeof config>;

export default definePlugin<Config>({
  type: 'authScheme',
  name: 'awsSigV4',
  summary:
    'AWS Signature Version 4 over the whole request, its body and its host, made anew for each attempt.',
  config,
  example: `awsSigV4:
  service: cloudcontrolapi
  region: "{{ connection.region }}"
  accessKeyId: "{{ connection.accessKeyId }}"
  secretAccessKey: "{{ connection.secretAccessKey }}"
`,
  async authorize(request, { service, region, ...keys }, { clock }) {
    const headers = await signAws(request, keys, { service, region, at: clock.now() });
    return { ...request, headers };
  },
});
