import type { Body } from './body.ts';
import { bytes } from './bytes.ts';
import { form } from './form.ts';
import { json } from './json.ts';
import { ndjson } from './ndjson.ts';
import { text } from './text.ts';

export const BODIES: readonly Body[] = [json, form, text, ndjson, bytes];

/** Bodies that the language has and this version has not: what to do meanwhile. */
export const LATER_BODIES: Readonly<Record<string, string>> = {
  multipart: 'use json or form, or make the body yourself and send it as text.',
  xml: 'write the document as text, with a Content-Type header.',
};
