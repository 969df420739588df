import { isJsonObject, type JsonObject } from '../../kernel/json.ts';
import { compileExtractor, EXTRACTOR } from '../extractor.ts';
import { childPointer } from '../load/document.ts';
import type { MessageExtractor, WebhookSource } from '../plan-dataset.ts';
import { columnsOf, COLUMNS } from '../schema/column-type.ts';
import { mapOf, namedValues, required, type Field } from '../schema/field.ts';
import { asText } from '../schema/show.ts';
import { placeOf, type Place, type PlaceContext } from '../scope/place.ts';
import { compileSignature, signatureField, signaturePlaces } from './signature.ts';

/** Messages that come one by one: each is a row. */
export const webhookField: Field = mapOf('webhook', {
  signature: required(signatureField),
  dedupe: required(EXTRACTOR),
  columns: required(COLUMNS),
  event: required(namedValues('event', EXTRACTOR)),
});

export function webhookPlaces(node: JsonObject, pointer: string, context: PlaceContext): Place[] {
  const { signature, event } = node;
  return [
    ...(isJsonObject(signature) ? signaturePlaces(signature, childPointer(pointer, 'signature'), context) : []),
    ...placeOf(node, pointer, 'dedupe', 'extractor', context),
    ...(isJsonObject(event)
      ? Object.keys(event).flatMap((column) =>
          placeOf(event, childPointer(pointer, 'event'), column, 'extractor', context),
        )
      : []),
  ];
}

export function compileWebhook(name: string, node: JsonObject, pointer: string): WebhookSource {
  const { signature, event } = node;
  const taken = Object.entries(isJsonObject(event) ? event : {});
  return {
    kind: 'webhook',
    name,
    columns: columnsOf(node['columns']),
    signature: compileSignature(isJsonObject(signature) ? signature : {}, childPointer(pointer, 'signature')),
    dedupe: messageExtractor(asText(node['dedupe'])),
    event: Object.fromEntries(taken.map(([column, text]) => [column, messageExtractor(asText(text))])),
  };
}

/** A pointer is into the message's body. */
function messageExtractor(text: string): MessageExtractor {
  const extract = compileExtractor(text);
  return (scope, request) => extract({ ...scope, request }, { headers: request.headers, body: request.body });
}
