import { createPrivateKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Clock } from './clock.ts';
import { parseDuration } from './duration.ts';
import { StepFault, messageOf } from './errors.ts';
import type { JsonObject } from './json.ts';

/** A JWT to sign (RFC 7519), as definitions write it. */
export interface JwtSpec {
  /** RS256, ES256, HS256 ... (RFC 7518, section 3.1). */
  readonly algorithm: string;
  /** A private key as PEM (PKCS #8, PKCS #1 or SEC 1), a JWK as JSON, or the shared secret of an HS algorithm. */
  readonly key: string;
  readonly header?: JsonObject;
  readonly claims?: JsonObject;
  /** ISO 8601 duration until `exp`; five minutes by default. */
  readonly lifetime?: string;
}

const DEFAULT_LIFETIME_MS = 300_000;
// The other side's clock may be behind ours.
const SKEW_MS = 60_000;

/**
 * Signs a JWT that was issued a minute ago and expires `lifetime` from now. The author's own claims win.
 * @throws StepFault (config) where key and algorithm do not go together
 */
export async function signJwt(spec: JwtSpec, clock: Clock): Promise<string> {
  const now = clock.now();
  const lifetime = spec.lifetime === undefined ? DEFAULT_LIFETIME_MS : parseDuration(spec.lifetime);
  if (lifetime === undefined)
    throw new StepFault('config', `"${spec.lifetime}" is no ISO 8601 duration such as PT1H.`);
  try {
    return await new SignJWT({ iat: seconds(now - SKEW_MS), exp: seconds(now + lifetime), ...spec.claims })
      .setProtectedHeader({ typ: 'JWT', ...spec.header, alg: spec.algorithm })
      .sign(keyOf(spec));
  } catch (error) {
    throw new StepFault('config', `A JWT could not be signed with ${spec.algorithm}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function keyOf({ algorithm, key }: JwtSpec): KeyObject {
  if (algorithm.startsWith('HS')) return createSecretKey(Buffer.from(key));
  if (key.trimStart().startsWith('{')) return createPrivateKey({ key: jsonWebKey(key), format: 'jwk' });
  // Keys copied out of JSON files often keep their line breaks escaped.
  return createPrivateKey(key.replaceAll(String.raw`\n`, '\n'));
}

function jsonWebKey(key: string): JsonWebKey {
  try {
    return JSON.parse(key) as JsonWebKey;
  } catch {
    // The parser's message repeats a part of the key, so it is neither told nor kept as the cause.
    throw new Error('the key begins like a JSON Web Key and is not JSON');
  }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
