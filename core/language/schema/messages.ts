import { isJsonObject, pointerSegment } from '../../kernel/json.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { losesItsText, remedy } from '../load/scalars.ts';
import type { ErrorObject } from './ajv.ts';
import { kindOf, listOf, show, typeWord } from './show.ts';

/** What is wrong at one place of a value. `onKey`: with the key itself, not with what it holds. */
export interface Fault {
  readonly pointer: string;
  readonly message: string;
  readonly onKey?: boolean;
  /** The key that is not there; `pointer` is then of the map that lacks it. */
  readonly missing?: string;
}

export interface MessageOptions {
  /** What the value as a whole is called: `a request`. */
  readonly noun?: string;
  /** How a scalar was written without quotes, for "YAML read a number where text is expected". */
  readonly plainText?: (pointer: string) => string | undefined;
  /** True for places whose value may not be shown: secrets. */
  readonly hidden?: (pointer: string) => boolean;
}

/** ajv's errors in words that name the value, what is accepted, and what was probably meant. One a place. */
export function faultsOf(errors: readonly ErrorObject[], options: MessageOptions = {}): Fault[] {
  const faults: Fault[] = [];
  for (const error of meant(errors)) {
    const fault = faultOf(error, options);
    const known = faults.some((other) => other.pointer === fault.pointer && other.message === fault.message);
    if (!known) faults.push(fault);
  }
  return faults;
}

/**
 * Keeps of each `anyOf` or `oneOf` only the errors of the branch that was meant: the one whose type fits. Where
 * several or none fit, only the choice itself is reported.
 */
function meant(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const choices = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  let kept = errors;
  for (const choice of choices) {
    const inside = kept.filter(
      (error) => error !== choice && error.schemaPath.startsWith(`${choice.schemaPath}/`),
    );
    const fitting = branchesOf(choice, inside).filter(
      (branch) => !branch.some((error) => isMisfit(error, choice)),
    );
    const dropped = new Set<ErrorObject>(fitting.length === 1 ? [choice] : []);
    for (const error of inside) if (fitting.length !== 1 || !fitting[0]!.includes(error)) dropped.add(error);
    kept = kept.filter((error) => !dropped.has(error));
  }
  return kept.filter(({ keyword }) => keyword !== 'if');
}

function branchesOf(choice: ErrorObject, inside: readonly ErrorObject[]): ErrorObject[][] {
  const branches = new Map<string, ErrorObject[]>();
  for (const error of inside) {
    const index = error.schemaPath.slice(choice.schemaPath.length + 1).split('/')[0] ?? '';
    branches.set(index, [...(branches.get(index) ?? []), error]);
  }
  return [...branches.values()];
}

function isMisfit(error: ErrorObject, choice: ErrorObject): boolean {
  return error.instancePath === choice.instancePath && ['type', 'const', 'enum'].includes(error.keyword);
}

function faultOf(error: ErrorObject, options: MessageOptions): Fault {
  const here = error.instancePath;
  const { params } = error;
  if (error.keyword === 'additionalProperties' || error.keyword === 'unevaluatedProperties') {
    const key = String(params['additionalProperty'] ?? params['unevaluatedProperty']);
    const accepted = propertyNames(error.parentSchema);
    return {
      pointer: here + pointerSegment(key),
      onKey: true,
      message: unknownKey(key, accepted, options.noun),
    };
  }
  if (error.keyword === 'required') {
    const missing = String(params['missingProperty']);
    return { pointer: here, onKey: true, missing, message: `"${missing}" is missing.` };
  }
  if (error.keyword === 'propertyNames') {
    return {
      pointer: here + pointerSegment(String(params['propertyName'])),
      onKey: true,
      message: `The name "${String(params['propertyName'])}" is not allowed here.`,
    };
  }
  return { pointer: here, message: sentence(error, options) };
}

/** `"idx" is not a key of a request.` and what is. */
export function unknownKey(key: string, accepted: readonly string[], noun?: string): string {
  const what = noun ? ` of ${noun}` : '';
  if (accepted.length === 0) return `"${key}" is not known here; no keys are accepted.`;
  return `"${key}" is not a known key${what}; accepted: ${accepted.join(', ')}.${didYouMean(key, accepted)}`;
}

function propertyNames(schema: unknown): string[] {
  const properties = isJsonObject(schema) ? schema['properties'] : undefined;
  return isJsonObject(properties) ? Object.keys(properties) : [];
}

function sentence(error: ErrorObject, options: MessageOptions): string {
  const value: unknown = error.data;
  const seen = options.hidden?.(error.instancePath) ? 'The value' : show(value);
  const limit = String(error.params['limit']);
  switch (error.keyword) {
    case 'type':
      return wrongType(value, seen, error, options);
    case 'anyOf':
    case 'oneOf':
      return noBranch(value, seen, error, options);
    case 'enum':
      return oneOf(value, seen, error.params['allowedValues'] as unknown[]);
    case 'const':
      return `${seen} must be ${show(error.params['allowedValue'])}.`;
    case 'pattern':
      return `${seen} does not match the pattern ${String(error.params['pattern'])}.`;
    case 'format':
      return wrongFormat(seen, String(error.params['format']));
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return `${seen} must be ${String(error.params['comparison'])} ${limit}.`;
    case 'minLength':
      return limit === '1'
        ? 'The text must not be empty.'
        : `${seen} must have at least ${limit} characters.`;
    case 'maxLength':
      return `The text must have at most ${limit} characters.`;
    case 'minItems':
      return limit === '1' ? 'The list must not be empty.' : `The list must have at least ${limit} items.`;
    case 'maxItems':
      return `The list must have at most ${limit} items.`;
    case 'uniqueItems':
      return `Items ${String(error.params['j'])} and ${String(error.params['i'])} of the list are equal; each may stand once.`;
    default:
      return `${seen} ${error.message ?? 'is not valid'}.`;
  }
}

function wrongType(value: unknown, seen: string, error: ErrorObject, { plainText }: MessageOptions): string {
  const types = [error.params['type'] as string | string[]].flat();
  const expected = listOf(types.map(typeWord));
  const written = plainText?.(error.instancePath);
  if (typeof value === 'number' && formatOf(error) === 'sluice-duration') {
    return `${seen} is a number, and a duration has a unit; write ISO 8601, for example PT${value}S.`;
  }
  if (types.includes('string') && written !== undefined && typeof value !== 'string') {
    const read = typeof value === 'number' && losesItsText(written, value) ? ` ${value}` : '';
    return `This must be ${expected}, and YAML reads ${written || 'nothing'} as ${kindOf(value)}${read}. ${written ? remedy(written) : 'For empty text write "".'}`;
  }
  if (types.includes('boolean') && typeof value === 'string' && /^(yes|no|on|off)$/i.test(value)) {
    return `${seen} is text in YAML 1.2; write ${/^(yes|on)$/i.test(value) ? 'true' : 'false'}.`;
  }
  return `${seen} is ${kindOf(value)}; this must be ${expected}.`;
}

function formatOf({ parentSchema }: ErrorObject): unknown {
  return isJsonObject(parentSchema) ? parentSchema['format'] : undefined;
}

function oneOf(value: unknown, seen: string, allowed: readonly unknown[]): string {
  const names = allowed.map((item) => (typeof item === 'string' ? item : show(item)));
  const hint = typeof value === 'string' ? didYouMean(value, names) : '';
  return `${seen} must be one of: ${names.join(', ')}.${hint}`;
}

/** A choice of which no branch fits: names the branches' values or types, as far as they are plain. */
function noBranch(value: unknown, seen: string, error: ErrorObject, options: MessageOptions): string {
  const branches = (Array.isArray(error.schema) ? error.schema : []).filter(isJsonObject);
  const constants = branches.flatMap((branch) =>
    'const' in branch ? [branch['const']] : ((branch['enum'] ?? []) as unknown[]),
  );
  if (constants.length > 0 && constants.length >= branches.length) return oneOf(value, seen, constants);
  const types = [...new Set(branches.flatMap((branch) => (branch['type'] ?? []) as string | string[]))];
  if (types.length > 0) return wrongType(value, seen, { ...error, params: { type: types } }, options);
  const keys = [...new Set(branches.flatMap((branch) => (branch['required'] ?? []) as string[]))];
  if (keys.length > 0) return `This must hold ${error.keyword === 'oneOf' ? 'exactly' : 'at least'} one of: ${keys.join(', ')}.`;
  return `${seen} fits none of what is accepted here.`;
}

function wrongFormat(seen: string, format: string): string {
  const examples: Record<string, string> = {
    'sluice-duration': 'is not a duration; write ISO 8601, for example PT30S, PT5M or P1D',
    'sluice-bytes': 'is not a size; write bytes or a unit, for example 5MiB',
    email: 'is not an e-mail address',
    uri: 'is not a URL, for example https://example.com/path',
    date: 'is not a date, for example 2026-03-31',
    'date-time': 'is not a time, for example 2026-03-31T12:00:00Z',
    uuid: 'is not a UUID',
    hostname: 'is not a host name',
    ipv4: 'is not an IPv4 address',
    regex: 'is not a regular expression',
  };
  return `${seen} ${examples[format] ?? `is not of the format ${format}`}.`;
}
