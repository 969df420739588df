import { createHash, createHmac } from 'node:crypto';
import { isUuid, uuid5 } from '../../../kernel/ids.ts';
import { type Argument, type Helper, HelperRefusal, helper, oneOf } from '../helper.ts';
import { show } from '../values.ts';

type Encoding = 'hex' | 'base64' | 'base64url';

const text: Argument = { name: 'text', kinds: ['text'] };
const encoding: Argument = {
  name: 'encoding',
  kinds: ['text'],
  optional: true,
  check: oneOf('hex', 'base64', 'base64url'),
};

/** RFC 9562, appendix C.1 (Example of a UUIDv5 value) and section 6.6: the namespaces everyone shares. */
const NAMESPACES: Readonly<Record<string, string>> = {
  dns: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  url: '6ba7b811-9dad-11d1-80b4-00c04fd430c8',
  oid: '6ba7b812-9dad-11d1-80b4-00c04fd430c8',
  x500: '6ba7b814-9dad-11d1-80b4-00c04fd430c8',
};

function namespaceOf(given: string): string {
  const namespace = NAMESPACES[given] ?? given.toLowerCase();
  if (isUuid(namespace)) return namespace;
  throw new HelperRefusal(
    `the namespace is ${show(given)}; it must be a UUID, or one of ${Object.keys(NAMESPACES).join(', ')}.`,
  );
}

export const encodings: readonly Helper[] = [
  helper<[string]>({
    name: 'base64',
    summary: 'The UTF-8 bytes of a text in Base64 (RFC 4648, section 4).',
    arguments: [text],
    example: { template: '{{ base64 "a?>" }}', scope: {}, result: 'YT8+' },
    run: (value) => Buffer.from(value).toString('base64'),
  }),
  helper<[string]>({
    name: 'base64url',
    summary: 'The UTF-8 bytes of a text in URL-safe Base64 without padding (RFC 4648, section 5).',
    arguments: [text],
    example: { template: '{{ base64url "a?>" }}', scope: {}, result: 'YT8-' },
    run: (value) => Buffer.from(value).toString('base64url'),
  }),
  helper<[string]>({
    name: 'hex',
    summary: 'The UTF-8 bytes of a text in hexadecimal.',
    arguments: [text],
    example: { template: '{{ hex "az" }}', scope: {}, result: '617a' },
    run: (value) => Buffer.from(value).toString('hex'),
  }),
  helper<[string, Encoding?]>({
    name: 'sha256',
    summary: 'The SHA-256 of the UTF-8 bytes of a text, in hex, or base64 or base64url.',
    arguments: [text, encoding],
    example: { template: '{{ slice (sha256 "abc") 0 8 }}', scope: {}, result: 'ba7816bf' },
    run: (value, as = 'hex') => createHash('sha256').update(value).digest(as),
  }),
  helper<[string, string, string, Encoding?]>({
    name: 'hmac',
    summary: 'The keyed hash (RFC 2104) of a text: algorithm, key, text, and hex, base64 or base64url.',
    arguments: [
      { name: 'algorithm', kinds: ['text'], check: oneOf('sha256', 'sha512', 'sha384', 'sha1') },
      { name: 'key', kinds: ['text'] },
      text,
      encoding,
    ],
    example: {
      template: '{{ slice (hmac "sha256" "key" "text" "hex") 0 8 }}',
      scope: {},
      result: '6afa9046',
    },
    run: (algorithm, key, value, as = 'hex') => createHmac(algorithm, key).update(value).digest(as),
  }),
  helper<[string, string?]>({
    name: 'uuid5',
    summary:
      'The UUID of a name (RFC 9562, section 5.5) in a namespace: a UUID, dns, url, oid or x500. With a name alone the namespace is url.',
    arguments: [
      { name: 'namespace', kinds: ['text'] },
      { name: 'name', kinds: ['text'], optional: true },
    ],
    example: {
      template: '{{ uuid5 "dns" "www.example.com" }}',
      scope: {},
      result: '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    },
    run: (namespace, name) =>
      name === undefined ? uuid5(NAMESPACES['url']!, namespace) : uuid5(namespaceOf(namespace), name),
  }),
];
