import { StepFault } from '../kernel/errors.ts';

export { encodeForm, encodeQuery } from './encode-query.ts';

/**
 * One percent-encoded segment of a path, or part of one (RFC 3986, section 2.1).
 * @throws StepFault where the value is empty, `.`, `..`, a list or a map
 */
export function encodeSegment(value: unknown, expression: string): string {
  const text = placeText(value, expression, 'a path');
  if (text === '') throw fault(expression, 'is empty; a segment of a path needs a value.');
  refuseDots(text, expression);
  return percentEncode(text, expression);
}

/**
 * Several segments, as `{{{x}}}` inserts them: `/` stays, all else is percent-encoded.
 * @throws StepFault where a segment is empty, `.` or `..`
 */
export function encodePathRaw(value: unknown, expression: string): string {
  const text = placeText(value, expression, 'a path');
  return text
    .split('/')
    .map((segment) => {
      if (segment === '') {
        throw fault(
          expression,
          `is "${text}", which holds an empty segment; it must neither be empty, nor begin or end with "/", nor hold "//".`,
        );
      }
      refuseDots(segment, expression);
      return percentEncode(segment, expression);
    })
    .join('/');
}

/** Percent-encodes text. Lone surrogates have no UTF-8 form and are refused. */
export function percentEncode(text: string, expression: string): string {
  try {
    return encodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw fault(
      expression,
      'holds half of a surrogate pair, which is no character; it cannot be sent in a URL.',
    );
  }
}

/**
 * A value inside a host: one or more DNS labels (RFC 1123, section 2.1), so that it cannot end the host or name
 * a user or port.
 */
export function hostLabels(value: unknown, expression: string): string {
  const text = placeText(value, expression, 'a host');
  if (text.length > 253 || !text.split('.').every((label) => LABEL.test(label))) {
    throw fault(
      expression,
      `is "${text}", inside a host; it must be DNS labels: letters, digits and "-", separated by ".".`,
    );
  }
  return text;
}

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/**
 * A value that brings its own origin: a whole URL.
 * @param protocols accepted ones, `https:` unless the caller says otherwise
 */
export function wholeUrl(value: unknown, expression: string, protocols: readonly string[] = ['https:']): URL {
  const text = placeText(value, expression, 'a URL');
  // The URL parser drops tabs and line ends inside, and blanks and control characters around a URL.
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const url = /[\u0000-\u0020\u007f\\]/.test(text) || !URL.canParse(text) ? undefined : new URL(text);
  if (!url || !protocols.includes(url.protocol) || url.host === '') {
    throw fault(
      expression,
      `is "${text}"; it must be a whole ${protocols.map((p) => `${p}//`).join(' or ')} URL.`,
    );
  }
  if (url.username || url.password) {
    throw fault(expression, 'holds a user or password before its host; credentials belong in `auth`.');
  }
  return url;
}

/**
 * A header's value (RFC 9110, section 5.5).
 * @returns undefined where the header is left out: null and absent values
 * @throws StepFault for lists, maps, CR, LF, NUL and what HTTP/1.1 cannot carry
 */
export function headerValue(name: string, value: unknown): string | undefined {
  if (typeof value === 'object' && value !== null) {
    throw new StepFault(
      'config',
      `Header "${name}" is ${Array.isArray(value) ? 'a list' : 'a map'}; it must be text, a number or a boolean. Use \`join\` or \`json\`.`,
    );
  }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  const text = String(value);
  const odd = /[^\t\u0020-\u007e\u0080-\u00ff]/u.exec(text);
  if (!odd) return text;
  const what =
    { '\r': 'CR', '\n': 'LF', '\0': 'NUL' }[odd[0]] ??
    `U+${odd[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
  throw new StepFault(
    'config',
    `Header "${name}" holds ${what}, which a header cannot carry. Use \`trim\`, \`replace\` or \`base64\`.`,
  );
}

/** Text, numbers and booleans as text; null and absent as nothing. */
export function placeText(value: unknown, expression: string, place: string): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return '';
      throw fault(
        expression,
        `is ${Array.isArray(value) ? 'a list' : 'a map'}; ${place} takes text, numbers and booleans.`,
      );
    default:
      return '';
  }
}

function refuseDots(segment: string, expression: string): void {
  if (segment !== '.' && segment !== '..') return;
  throw fault(expression, `is "${segment}" as a segment of a path, which would lead to another path.`);
}

export function fault(expression: string, message: string): StepFault {
  return new StepFault('config', `{{ ${expression} }} ${message}`);
}
