import { Type } from 'typebox';
import { didYouMean } from '../../kernel/suggest.ts';
import { NAME } from '../schema/basics.ts';
import {
  checkSchema,
  field,
  required,
  type Check,
  type Field,
  type Fields,
} from '../schema/field.ts';
import { asText, show } from '../schema/show.ts';

export const API_VERSION = 'sluice/v1';
export const KINDS: readonly string[] = ['integration', 'provisioner', 'sink', 'dataset'];

const ID_PATTERN = '^[a-z0-9]+(-[a-z0-9]+)*$';
const ID_ADVICE = 'is not an id: lower-case letters and digits, joined by "-".';
// The official expression of semver.org, without its captures.
const VERSION_PATTERN =
  '^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(-[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?(\\+[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?$';

const checkApiVersion: Check = (node, pointer, report) => {
  if (node === API_VERSION) return;
  report.error(
    pointer,
    `${show(node)} is not a version of the language that is known here; write ${API_VERSION}.`,
  );
};

export const checkKind: Check = (node, pointer, report) => {
  if (KINDS.some((kind) => kind === node)) return;
  report.error(
    pointer,
    `${show(node)} is not a kind; there are: ${KINDS.join(', ')}.${didYouMean(asText(node), KINDS)}`,
  );
};

/** The text is checked by hand where the pattern alone would not say what to write. */
function patterned(pattern: string, advice: string): Field {
  const schema = Type.String({ pattern });
  const matching = new RegExp(pattern);
  return field(schema, (node, pointer, report) => {
    if (typeof node !== 'string') checkSchema(schema, node, pointer, report);
    else if (!matching.test(node)) report.error(pointer, `${show(node)} ${advice}${hint(node)}`);
  });
}

/** Why a text is not an id, and what may have been meant; undefined where it is one. */
export function refusedId(text: string): string | undefined {
  return new RegExp(ID_PATTERN).test(text) ? undefined : `${show(text)} ${ID_ADVICE}${hint(text)}`;
}

function hint(text: string): string {
  const kebab = text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .toLowerCase();
  const semver = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?$/.exec(text);
  if (semver) return ` Did you mean "${semver[1]}.${semver[2] ?? 0}.${semver[3] ?? 0}"?`;
  return /^[a-z]/i.test(text) && kebab !== text ? ` Did you mean "${kebab.replaceAll(/^-|-$/g, '')}"?` : '';
}

/** What every kind of definition begins with (LANGUAGE 1). */
export const HEADER: Fields = {
  apiVersion: required(field(Type.Literal(API_VERSION), checkApiVersion)),
  kind: required(field(Type.Enum([...KINDS]), checkKind)),
  id: required(patterned(ID_PATTERN, ID_ADVICE)),
  version: required(patterned(VERSION_PATTERN, 'is not a version; write three numbers, for example 1.0.0.')),
  title: required(NAME),
  description: NAME,
  docs: field(Type.String({ format: 'uri' })),
};
