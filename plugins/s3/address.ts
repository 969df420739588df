import { prefixProblem } from '../../core/sdk.ts';

export interface Address {
  readonly bucket: string;
  /** What all keys begin with: empty, or ending with a slash. */
  readonly prefix: string;
  /** Without it, as AWS's own tools find it. */
  readonly region: string | undefined;
  /** Of a server that is not AWS's. */
  readonly endpoint: string | undefined;
}

const PARAMETERS: readonly string[] = ['region', 'endpoint'];

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
const BUCKET = /^(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/;

/**
 * Reads `s3://bucket/prefix?region=eu-central-1&endpoint=https://s3.example.com`.
 * @throws Error naming what is wrong
 */
export function parseAddress(text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 's3:' || url.host === '') throw new Error(`"${text}" is not of the form s3://bucket/prefix.`);
  if (url.username !== '' || url.port !== '') {
    throw new Error('An address of S3 holds no credentials and no port: those are found in the environment, and the server is named by SLUICE_S3_ENDPOINT.');
  }
  const unknown = [...url.searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) throw new Error(`"${text}" has a parameter "${unknown}"; there are "region" and "endpoint".`);
  if (!BUCKET.test(url.host)) throw new Error(`"${url.host}" is no name of a bucket: 3 to 63 of a-z, 0-9, - and single dots.`);
  const prefix = decodeURIComponent(url.pathname).replace(/^\/|\/$/g, '');
  const problem = prefixProblem(prefix);
  if (problem !== undefined) throw new Error(`The prefix of "${text}" cannot begin a key: ${problem}.`);
  return {
    bucket: url.host,
    prefix: prefix === '' ? '' : `${prefix}/`,
    region: url.searchParams.get('region') ?? undefined,
    endpoint: endpointOf(url.searchParams.get('endpoint')),
  };
}

function endpointOf(text: string | null): string | undefined {
  if (text === null) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return url.href;
  throw new Error(`"${text}" is no endpoint: a URL such as https://s3.example.com is.`);
}
