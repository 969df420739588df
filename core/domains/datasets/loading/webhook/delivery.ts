import { isUtf8 } from 'node:buffer';
import { SluiceError } from '../../../../kernel/errors.ts';
import type { Json } from '../../../../kernel/json.ts';
import type { WebhookRequest } from '../../../../language/plan-dataset.ts';
import { parseJson } from '../../../../runtime/decode.ts';

/** A webhook's request as it came. */
export interface Delivery {
  /** As the sender asked for it. */
  readonly url: string;
  readonly query: Readonly<Record<string, Json>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Byte for byte: it is what was signed. */
  readonly rawBody: Uint8Array;
}

/** The request as templates see it. @throws SluiceError INVALID_JSON where its body is no text */
export function requestOf({ url, query, headers, rawBody }: Delivery): WebhookRequest {
  // Only of UTF-8 the text is as good as the bytes.
  if (!isUtf8(rawBody))
    throw new SluiceError('INVALID_JSON', 'The body is no UTF-8 text. Send the message as JSON in UTF-8.');
  const text = Buffer.from(rawBody.buffer, rawBody.byteOffset, rawBody.byteLength).toString();
  return { url, query, headers, rawBody: text, body: decoded(text) };
}

function decoded(text: string): Json {
  try {
    return parseJson(text) as Json;
  } catch {
    return null;
  }
}
