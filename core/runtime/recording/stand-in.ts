import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { isJsonObject, type Json } from '../../kernel/json.ts';

/**
 * Values that may stand in for a secret, the plainest first: some schemas ask for a certain shape, and some schemes for
 * a key that works.
 * @param name what the secret is called, which a reader then sees in its place
 */
export function* standInsFor(secret: string, name: string): Generator<string> {
  if (PRIVATE_KEY.test(secret)) yield freshKey(secret);
  const file = jsonIn(secret);
  if (file !== undefined) yield JSON.stringify(standInTree(file));
  if (/^-?\d+$/.test(secret)) yield '1'.repeat(secret.length);
  yield `fake-${kebab(name)}`;
  yield* addresses(secret, name);
  yield sameShape(secret);
  // The beginning that kinds of credentials have in common, such as whsec_ or sk_live_, is no secret.
  const [, prefix = '', rest = ''] = /^((?:[A-Za-z]{1,8}[_-])+)(.+)$/s.exec(secret) ?? [];
  if (prefix !== '') yield prefix + sameShape(rest);
}

const PRIVATE_KEY = /^\s*-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/;

/** Another key of the same kind: what is signed with it has to be signed in the test, too. */
function freshKey(pem: string): string {
  return freshKeyLike(readKey(pem)).export({ type: 'pkcs8', format: 'pem' }).toString();
}

function freshKeyLike(key: KeyObject | undefined): KeyObject {
  const { asymmetricKeyType, asymmetricKeyDetails } = key ?? {};
  if (asymmetricKeyType === 'ec') {
    return generateKeyPairSync('ec', { namedCurve: asymmetricKeyDetails?.namedCurve ?? 'P-256' }).privateKey;
  }
  if (asymmetricKeyType === 'ed25519') return generateKeyPairSync('ed25519').privateKey;
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** A key file pasted whole, as vendors give them out for robots. */
function jsonIn(text: string): Json | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function standInTree(value: Json, name = 'value'): Json {
  if (typeof value === 'string') return standInsFor(value, name).next().value ?? '';
  if (Array.isArray(value)) return value.map((item: Json) => standInTree(item, name));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, standInTree(inner, key)]));
}

function* addresses(secret: string, name: string): Generator<string> {
  if (!/^https?:\/\//i.test(secret) || !URL.canParse(secret)) return;
  yield `https://example.com/fake-${kebab(name)}`;
  const { origin, pathname, search } = new URL(secret);
  yield origin + sameShape(pathname + search);
}

/** Letters stay letters and digits digits, so that what a pattern asks for is still there. */
function sameShape(text: string): string {
  return text.replaceAll(/[a-z]/g, 'a').replaceAll(/[A-Z]/g, 'A').replaceAll(/[0-9]/g, '0');
}

function kebab(name: string): string {
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2').replaceAll(/[^A-Za-z0-9]+/g, '-');
  return words.toLowerCase().replaceAll(/^-|-$/g, '') || 'secret';
}
