import type { Answer, OutgoingRequest, SendOptions } from '../../kernel/http.ts';

export const MAX_REDIRECTS = 5;

const STATUSES = new Set([301, 302, 303, 307, 308]);

// Sent on to another origin; everything else might be a credential, whatever it is called.
const HARMLESS = new Set([
  'accept',
  'accept-language',
  'if-modified-since',
  'if-none-match',
  'range',
  'user-agent',
]);

/**
 * The request that follows a redirect, or undefined where the answer stands as it is: methods other than GET and
 * HEAD, and targets outside the request's own origin and `options.origins`.
 */
export function redirected(
  request: OutgoingRequest,
  answer: Answer,
  options: SendOptions,
): OutgoingRequest | undefined {
  if (!STATUSES.has(answer.status) || (request.method !== 'GET' && request.method !== 'HEAD'))
    return undefined;
  const location = answer.headers['location'];
  if (location === undefined || !URL.canParse(location, request.url.href)) return undefined;
  const url = new URL(location, request.url);
  if (url.origin === request.url.origin) return { ...request, url };
  if (!options.origins?.includes(url.origin)) return undefined;
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => HARMLESS.has(name)));
  return { method: request.method, url, headers, body: undefined };
}
