import { Type } from 'typebox';
import { parseDuration } from '../../kernel/duration.ts';
import { isJsonObject, type JsonObject } from '../../kernel/json.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { tree } from '../compile/strict.ts';
import { childPointer } from '../load/document.ts';
import type { SignaturePlan } from '../plan-dataset.ts';
import { DURATION, NAME, TREE } from '../schema/basics.ts';
import { checkMap, field, mapSchema, required, type Field, type Fields } from '../schema/field.ts';
import { asText, kindOf, show } from '../schema/show.ts';
import { placeOf, type Place, type PlaceContext } from '../scope/place.ts';

const STANDARD = 'standard-webhooks';
const ALGORITHMS = ['hmac-sha1', 'hmac-sha256', 'hmac-sha512', 'ed25519', 'plain'] as const;
type Algorithm = (typeof ALGORITHMS)[number];

const standard: Fields = {
  scheme: required(field(Type.Literal(STANDARD))),
  secret: required(NAME),
  tolerance: DURATION,
};

const byHand: Fields = {
  algorithm: required(field(Type.Enum([...ALGORITHMS]))),
  secret: required(NAME),
  value: required({
    ...TREE,
    schema: Type.Unsafe({
      type: ['string', 'array'],
      description: 'The signature, or a list of them; one that fits suffices.',
    }),
  }),
  encoding: field(Type.Enum(['hex', 'base64'])),
  signedContent: NAME,
  timestamp: NAME,
  tolerance: DURATION,
};

/** How a webhook's message proves who sent it (LANGUAGE 4): a scheme, or an algorithm and what it is over. */
export const signatureField: Field = field(
  Type.Union([mapSchema(standard), mapSchema(byHand)]),
  (node, pointer, report) => {
    if (!isJsonObject(node)) {
      report.error(
        pointer,
        `${show(node)} is ${kindOf(node)}; a signature must be a map with "scheme" or "algorithm".`,
      );
    } else if ('scheme' in node) {
      if (node['scheme'] !== STANDARD)
        report.error(
          childPointer(pointer, 'scheme'),
          `${show(node['scheme'])} is not a scheme of signatures; there is: ${STANDARD}.${didYouMean(asText(node['scheme']), [STANDARD])} Others are written with "algorithm".`,
        );
      checkMap('a signature with a scheme', { ...standard, scheme: required(TREE) }, node, pointer, report);
    } else if ('algorithm' in node) {
      checkMap('a signature with an algorithm', byHand, node, pointer, report);
    } else {
      report.error(pointer, `A signature needs "scheme: ${STANDARD}", or "algorithm" (${ALGORITHMS.join(', ')}).`, {
        onKey: true,
      });
    }
  },
);

/** Whether a message says when it was sent, under its signature. */
export function signsTime(node: JsonObject): boolean {
  return node['scheme'] === STANDARD || 'timestamp' in node;
}

export function signaturePlaces(node: JsonObject, pointer: string, context: PlaceContext): Place[] {
  return [
    ...placeOf(node, pointer, 'secret', 'leaf', { ...context, secrets: true }),
    ...placeOf(node, pointer, 'value', 'tree', context),
    ...placeOf(node, pointer, 'signedContent', 'leaf', context),
    ...placeOf(node, pointer, 'timestamp', 'leaf', context),
  ];
}

/** As Standard Webhooks advises: older and future messages are replays. */
const STANDARD_TOLERANCE = 'PT5M';

export function compileSignature(node: JsonObject, pointer: string): SignaturePlan {
  const part = (key: string, otherwise = '') => tree(node[key] ?? otherwise, childPointer(pointer, key));
  const shared = {
    secret: part('secret'),
    toleranceMs: parseDuration(asText(node['tolerance'] ?? STANDARD_TOLERANCE)) ?? 0,
  };
  if (node['scheme'] === STANDARD) return { scheme: STANDARD, ...shared };
  return {
    scheme: node['algorithm'] as Algorithm,
    ...shared,
    value: part('value'),
    encoding: node['encoding'] === 'base64' ? 'base64' : 'hex',
    signedContent: part('signedContent', '{{ request.rawBody }}'),
    ...('timestamp' in node ? { timestamp: part('timestamp') } : {}),
  };
}
