/** Encoded pieces shorter than this would be found by chance. */
const MIN_ENCODED = 5;

/** A secret, and what it looks like inside URLs, forms, JSON, XML, hexadecimal and base64. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // Through UTF-8 and back: lone surrogates have no percent-encoding.
  const text = bytes.toString();
  const hex = bytes.toString('hex');
  const encoded = [
    ...percentForms(text),
    ...jsonForms(secret),
    ...markupForms(text),
    ...urlForms(secret),
    hex,
    hex.toUpperCase(),
    ...base64Forms(bytes),
  ];
  const lines = secret.includes('\n') ? secret.split(/\r?\n/).filter((line) => line.length >= 16) : [];
  return [secret, ...encoded.filter((form) => form.length >= MIN_ENCODED), ...lines];
}

function percentForms(text: string): string[] {
  const component = encodeURIComponent(text);
  const strict = component.replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams([['', text]]).toString().slice(1);
  // Twice, too: an address within an address.
  const twice = encodeURIComponent(component);
  const upper = [component, strict, form, strict.replaceAll('%20', '+'), encodeURI(text), twice];
  return [...upper, ...upper.map((one) => one.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()))];
}

function jsonForms(secret: string): string[] {
  const escaped = JSON.stringify(secret).slice(1, -1);
  const ascii = escaped.replaceAll(
    /[^\x20-\x7e]/g,
    (c) => String.raw`\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  // Some encoders escape what HTML would read (Go's). Backslashes before slashes and quotes are the pattern's matter.
  const inHtml = escaped.replaceAll(/[&<>]/g, (c) => String.raw`\u00${c.charCodeAt(0).toString(16)}`);
  return [escaped, ascii, inHtml];
}

/** As XML escapes it, and as HTML's escapers write quotes. */
function markupForms(text: string): string[] {
  const bare = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quoted = (double: string, single: string): string => bare.replaceAll('"', double).replaceAll("'", single);
  return [bare, quoted('&quot;', '&apos;'), quoted('&quot;', '&#39;'), quoted('&#34;', '&#39;'), quoted('&quot;', '&#x27;')];
}

/** An address that is a secret is also one as URL writes it, and in its path: servers say that alone. */
function urlForms(secret: string): string[] {
  if (!/^https?:\/\//i.test(secret) || !URL.canParse(secret)) return [];
  const { href, pathname, search } = new URL(secret);
  const target = `${pathname}${search}`;
  return [href, href.replace(/\/$/, ''), ...(target.length >= 12 ? [target, pathname] : [])].filter((form) => form.length >= 12);
}

/**
 * The characters of base64 that depend on the secret alone, for each of the three places it may have in a group of
 * three bytes: in `user:password` the password can stand at any of them.
 */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const padded = Buffer.concat([Buffer.alloc(before), bytes]);
    const start = Math.ceil((before * 8) / 6);
    const end = Math.floor((padded.length * 8) / 6);
    return [padded.toString('base64').slice(start, end), padded.toString('base64url').slice(start, end)];
  });
}
