import type { Json, JsonObject } from '../../kernel/json.ts';
import type { ExpectedRequest } from '../../language/definition-test.ts';
import type { ArrivedRequest } from '../testing/matching.ts';
import type { Asked } from '../testing/script.ts';

/** What a run asked for, as a test expects it. `withHost` where the requests of a run go to several hosts. */
export function expectationOf(asked: Asked, withHost: boolean): ExpectedRequest {
  if ('use' in asked) return asked;
  const [path = '', search = ''] = asked.target.split(/\?(.*)/s);
  const query = queryOf(search);
  return {
    method: asked.method,
    ...(withHost ? { url: `https://${asked.headers.host ?? ''}${path}` } : { path }),
    ...(Object.keys(query).length === 0 ? {} : { query }),
    ...bodyOf(asked),
  };
}

/** True where not all requests went to one host. */
export function severalHosts(asked: readonly Asked[]): boolean {
  return new Set(asked.flatMap((one) => ('use' in one ? [] : [one.headers.host]))).size > 1;
}

function queryOf(search: string): JsonObject {
  const params = new URLSearchParams(search);
  return Object.fromEntries([...new Set(params.keys())].map((name) => [name, oneOrAll(params.getAll(name))]));
}

function bodyOf({ headers, body }: ArrivedRequest): Pick<ExpectedRequest, 'json' | 'form' | 'ndjson' | 'text'> {
  const type = headers['content-type'] ?? '';
  // Its boundary is another one each time.
  if (body === '' || type.startsWith('multipart/')) return {};
  if (type.startsWith('application/x-www-form-urlencoded')) return { form: queryOf(body) };
  try {
    if (/ndjson|x-bulk/.test(type)) return { ndjson: body.split('\n').filter(Boolean).map(parsed) };
    return /json/.test(type) ? { json: parsed(body) } : { text: body };
  } catch {
    return { text: body };
  }
}

function parsed(text: string): Json {
  return JSON.parse(text) as Json;
}

function oneOrAll(values: readonly string[]): Json {
  return values.length > 1 ? values : (values[0] ?? '');
}
