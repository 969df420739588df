import { definePlugin, Type, type OutgoingRequest, type Static } from '../../core/sdk.ts';

const config = Type.Object(
  {
    in: Type.Enum(['header', 'query'], { description: 'Where the key goes.' }),
    name: Type.String({ minLength: 1, description: 'Name of the header or of the query parameter.' }),
    value: Type.String({ minLength: 1, description: 'The key, with its prefix where the system wants one.' }),
  },
  { additionalProperties: false },
);
type Config = Static<typeof config>;

function inHeader(request: OutgoingRequest, { name, value }: Config): OutgoingRequest {
  return { ...request, headers: { ...request.headers, [name.toLowerCase()]: value } };
}

function inQuery(request: OutgoingRequest, { name, value }: Config): OutgoingRequest {
  const url = new URL(request.url);
  // Appended as text: URLSearchParams would write the author's own parameters anew.
  const parameter = `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  url.search = url.search === '' ? parameter : `${url.search}&${parameter}`;
  return { ...request, url };
}

export default definePlugin<Config>({
  type: 'authScheme',
  name: 'apiKey',
  summary: 'A key in a header or in the query.',
  config,
  example: `apiKey:
  in: header
  name: X-Api-Key
  value: "{{ connection.apiKey }}"
`,
  authorize: (request, config) =>
    config.in === 'query' ? inQuery(request, config) : inHeader(request, config),
});
