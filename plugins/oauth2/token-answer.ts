import {
  followPointer,
  ReauthRequired,
  StepFault,
  type Answer,
  type AuthSession,
  type Json,
  type Tokens,
} from '../../core/sdk.ts';
import type { Config } from './config.ts';

/**
 * Reads the tokens out of a token endpoint's answer. What the answer leaves out of `current` is kept: most vendors
 * send a refresh token once only.
 * @throws ReauthRequired where the grant or the client was refused; StepFault (transient) where the endpoint is in trouble
 */
export function readTokens(
  answer: Answer,
  config: Config,
  clock: AuthSession['clock'],
  current: Tokens | undefined,
): Tokens {
  const body = parse(answer);
  const at = config.tokenResponse ?? {};
  const accessToken = textAt(body, at.accessToken ?? '/access_token');
  if (answer.status >= 300 || accessToken === undefined) throw refusal(answer, body, config);
  const expiresAt = expiryOf(body, at, clock.now());
  const saved = { ...current?.saved, ...pick(body, config.saveFromToken) };
  return {
    accessToken,
    refreshToken: textAt(body, at.refreshToken ?? '/refresh_token') ?? current?.refreshToken,
    expiresAt,
    obtainedAt: clock.now(),
    ...(Object.keys(saved).length === 0 ? {} : { saved }),
  };
}

/** The values found at these pointers; a miss is left out. */
export function pick(
  document: unknown,
  pointers: Readonly<Record<string, string>> = {},
): Record<string, Json> {
  const found = Object.entries(pointers).map(
    ([name, pointer]) => [name, followPointer(document, pointer)] as const,
  );
  return Object.fromEntries(found.filter(([, value]) => value !== undefined)) as Record<string, Json>;
}

/** JSON, or a form where the endpoint answers as one (GitHub's does unless asked otherwise). */
function parse({ headers, body }: Answer): unknown {
  const text = body.toString();
  if (headers['content-type']?.includes('x-www-form-urlencoded'))
    return Object.fromEntries(new URLSearchParams(text));
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function textAt(body: unknown, pointer: string): string | undefined {
  const value = followPointer(body, pointer);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function expiryOf(body: unknown, at: NonNullable<Config['tokenResponse']>, now: number): number | undefined {
  if (at.expiresAt !== undefined) return timeOf(followPointer(body, at.expiresAt));
  const seconds = Number(followPointer(body, at.expiresIn ?? '/expires_in') ?? NaN);
  return Number.isFinite(seconds) && seconds > 0 ? now + seconds * 1000 : undefined;
}

/** Epoch seconds (below 1e11) or milliseconds, as number or text, or RFC 3339; in ms since the epoch. */
function timeOf(value: unknown): number | undefined {
  const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : NaN;
  if (Number.isFinite(number)) return number < 1e11 ? number * 1000 : number;
  const time = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isFinite(time) ? time : undefined;
}

// RFC 6749, section 5.2, and what GitHub says with status 200.
const REFUSED = new Set([
  'invalid_grant',
  'invalid_client',
  'unauthorized_client',
  'bad_refresh_token',
  'bad_verification_code',
  'incorrect_client_credentials',
]);
const IN_TROUBLE = new Set(['temporarily_unavailable', 'server_error', 'slow_down']);

function refusal(answer: Answer, body: unknown, config: Config): Error {
  const code = textAt(body, '/error') ?? '';
  const why =
    [code, textAt(body, '/error_description')].filter(Boolean).join(': ') || `status ${answer.status}`;
  const message = `${new URL(config.tokenUrl).origin} gave no token (${why}).`;
  if (REFUSED.has(code)) return new ReauthRequired(message);
  if (!IN_TROUBLE.has(code) && (answer.status === 400 || answer.status === 401))
    return new ReauthRequired(message);
  const lasting = answer.status < 500 && ![408, 425, 429].includes(answer.status) && !IN_TROUBLE.has(code);
  return new StepFault(lasting ? 'config' : 'transient', message);
}
