import { StepFault } from '../kernel/errors.ts';
import type { Scope } from './plan.ts';
import {
  encodePathRaw,
  encodeSegment,
  fault,
  hostLabels,
  percentEncode,
  placeText,
  wholeUrl,
} from './encode.ts';
import { type Leaf, TemplateError, parseLeaf } from './template/leaf.ts';
import { type Piece, scan } from './template/scan.ts';

/** A compiled `path`. */
export interface PathLeaf extends Leaf {
  readonly render: (scope: Scope) => string;
}

/** A compiled `url` or `baseUrl`. */
export interface UrlLeaf extends PathLeaf {
  /** True where an expression stands in the host: the egress guard looks at it. */
  readonly guarded: boolean;
}

/**
 * Compiles the template of a path: `{{x}}` is a segment or part of one, `{{{x}}}` several. Values beside each other
 * may not make up a segment `.` or `..` either, nor a path that begins with `//` (another host).
 * @throws TemplateError
 */
export function pathLeaf(text: string): PathLeaf {
  const leaf = parseLeaf(text, {
    raw: 'allowed',
    encode: (value, raw, expression) => (raw ? encodePathRaw : encodeSegment)(value, expression),
  });
  return { ...leaf, render: (scope) => checkedPath(filled(leaf, scope), text) };
}

/** With an encoder every leaf gives text. */
function filled(leaf: Leaf, scope: Scope): string {
  return leaf.evaluate(scope) as string;
}

function checkedPath(path: string, written: string): string {
  const [segments = ''] = path.split(/[?#]/, 1);
  if (
    segments.startsWith('//') ||
    segments.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment))
  ) {
    throw new StepFault(
      'config',
      `The path "${written}" gives "${path}", which leads to another path or host.`,
    );
  }
  return path;
}

/** `origin`: directly after an expression that gives a whole URL. */
type Region = 'start' | 'origin' | 'host' | 'path' | 'query';

/**
 * Compiles the template of a URL. An expression at its start brings the whole origin; one inside the host must be DNS
 * labels; one in the path is a segment; one in the query is percent-encoded.
 * @param protocols accepted in a value that brings the origin
 * @throws TemplateError
 */
export function urlLeaf(text: string, protocols?: readonly string[]): UrlLeaf {
  const regions = regionsOf(scan(text));
  const alone = regions.size === 1 && scan(text).length === 1;
  const leaf = parseLeaf(text, {
    encode(value, _raw, expression, at) {
      switch (regions.get(at)) {
        case 'start':
          return origin(wholeUrl(value, expression, protocols), alone, expression);
        case 'host':
          return hostLabels(value, expression);
        case 'query':
          return percentEncode(placeText(value, expression, 'a query'), expression);
        default:
          return encodeSegment(value, expression);
      }
    },
  });
  const guarded = [...regions.values()].some((region) => region === 'start' || region === 'host');
  return { ...leaf, guarded, render: (scope) => filled(leaf, scope) };
}

/** What follows goes below the URL, so it may not end in a query, nor in a slash that the template repeats. */
function origin(url: URL, alone: boolean, expression: string): string {
  if (alone) return url.href;
  if (url.search || url.hash)
    throw fault(expression, 'holds a query or fragment, and a path follows it; leave them out.');
  return url.href.replace(/\/+$/, '');
}

/** What follows a whole URL directly would change its host. */
function refuseGlued(piece: Piece): void {
  if (piece.type === 'text' && /^[/?#]/.test(piece.text)) return;
  const at = piece.type === 'expression' ? piece.at : 0;
  throw new TemplateError(
    'After an expression that gives a whole URL comes a path, with its "/"; nothing may be added to a host.',
    at,
  );
}

/** In which part of the URL each expression stands, by its offset. */
function regionsOf(pieces: readonly Piece[]): Map<number, Region> {
  const regions = new Map<number, Region>();
  let region: Region = 'start';
  for (const piece of pieces) {
    if (region === 'origin') refuseGlued(piece);
    if (piece.type === 'expression') {
      regions.set(piece.at, region);
      if (region === 'start') region = 'origin';
      continue;
    }
    let rest = piece.text;
    if (region === 'origin') region = 'path';
    if (region === 'start') {
      const scheme = /^https?:\/\//i.exec(rest);
      if (!scheme)
        throw new TemplateError(
          `"${rest}" is no URL; begin with https://, or with an expression that gives a whole URL.`,
          0,
        );
      rest = rest.slice(scheme[0].length);
      region = 'host';
    }
    if (region === 'host') {
      const end = rest.search(/[/?#]/);
      const host = end < 0 ? rest : rest.slice(0, end);
      if (host.includes('@'))
        throw new TemplateError(`"${host}" holds credentials; they belong in \`auth\`.`, 0);
      if (end >= 0) region = 'path';
      rest = end < 0 ? '' : rest.slice(end);
    }
    if (region === 'path' && /[?#]/.test(rest)) region = 'query';
  }
  return regions;
}
