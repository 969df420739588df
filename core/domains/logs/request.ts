import { invalidBody, type Violation } from '../../kernel/errors.ts';
import { isJsonObject, pointerSegment, type Json, type JsonObject } from '../../kernel/json.ts';
import { LOG_TYPES, type LogColumn, type LogType } from '../../kernel/logs.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { MAX_COLUMNS, nameFault, shown } from './names.ts';
import { SchemaFault } from './schema-fault.ts';

/** Events of one family, as a request brings them. Events themselves are not looked into yet. */
export interface LogRequest {
  readonly family: string;
  /** The columns it declares; it may leave out known ones. */
  readonly schema: readonly LogColumn[];
  readonly logs: readonly JsonObject[];
}

const KEYS = ['family', 'schema', 'logs'];

/** More would be no batch any more. */
const MAX_EVENTS = 100_000;

/** Findings told at once. */
export const MOST_FINDINGS = 20;

/** Checks the shape of a request. @throws SluiceError VALIDATION_FAILED */
export function readLogRequest(given: unknown): LogRequest {
  if (!isJsonObject(given))
    throw invalidBody([{ path: '', message: `Expected an object, got ${kindOf(given)}.` }]);
  const violations: Violation[] = [];
  for (const key of Object.keys(given)) {
    if (!KEYS.includes(key)) {
      const message = `${shown(key)} is not known here; accepted are ${KEYS.join(', ')}.${didYouMean(key, KEYS)}`;
      violations.push({ path: pointerSegment(key), message });
    }
  }
  const family = readFamily(given['family'], violations);
  const schema = readSchema(given['schema'], violations);
  const logs = readLogs(given['logs'], violations);
  if (violations.length > 0) {
    throw invalidBody(violations.slice(0, MOST_FINDINGS), unknownType(family, given['schema']));
  }
  return { family, schema, logs };
}

function readFamily(family: Json | undefined, violations: Violation[]): string {
  const path = '/family';
  if (family === undefined) violations.push({ path, message: 'This is required.' });
  else if (typeof family !== 'string')
    violations.push({ path, message: `Expected text, got ${kindOf(family)}.` });
  else {
    const message = nameFault(family);
    if (message !== undefined) violations.push({ path, message });
    return family;
  }
  return '';
}

function readSchema(schema: Json | undefined, violations: Violation[]): readonly LogColumn[] {
  if (schema === undefined) return [];
  if (!isJsonObject(schema)) {
    violations.push({
      path: '/schema',
      message: `Expected an object from names to types, got ${kindOf(schema)}.`,
    });
    return [];
  }
  const columns: LogColumn[] = [];
  const names = new Map<string, string>();
  for (const [name, type] of Object.entries(schema)) {
    const path = `/schema${pointerSegment(name)}`;
    const twin = names.get(name.toLowerCase());
    names.set(name.toLowerCase(), name);
    const message =
      nameFault(name) ??
      (twin === undefined
        ? typeFault(type)
        : `"${name}" and "${twin}" differ in case only, which no column may.`);
    if (message === undefined) columns.push({ name, type: type as LogType });
    else violations.push({ path, message });
  }
  if (columns.length > MAX_COLUMNS) {
    violations.push({ path: '/schema', message: tooMany(columns.length) });
  }
  return columns;
}

export function tooMany(count: number): string {
  return `A family has at most ${MAX_COLUMNS} columns; these are ${count}.`;
}

/** The first field of a schema whose type there is not. */
function unknownType(family: string, schema: Json | undefined): SchemaFault | undefined {
  for (const [field, type] of Object.entries(isJsonObject(schema) ? schema : {})) {
    if (typeof type === 'string' && typeFault(type) !== undefined) return new SchemaFault(family, field, type);
  }
  return undefined;
}

function typeFault(type: Json): string | undefined {
  if (typeof type !== 'string') return `Expected the name of a type, got ${kindOf(type)}.`;
  if ((LOG_TYPES as readonly string[]).includes(type)) return undefined;
  return `${shown(type)} is not a type; there are ${LOG_TYPES.join(', ')}.${didYouMean(type, LOG_TYPES)}`;
}

function readLogs(logs: Json | undefined, violations: Violation[]): readonly JsonObject[] {
  const path = '/logs';
  if (logs === undefined) violations.push({ path, message: 'This is required.' });
  else if (!Array.isArray(logs)) violations.push({ path, message: `Expected a list, got ${kindOf(logs)}.` });
  else if (logs.length > MAX_EVENTS) {
    violations.push({
      path,
      message: `A request brings at most ${MAX_EVENTS} events; these are ${logs.length}.`,
    });
  } else {
    const wrong = logs.findIndex((item) => !isJsonObject(item));
    if (wrong < 0) return logs as readonly JsonObject[];
    violations.push({ path: `${path}/${wrong}`, message: `Expected an object, got ${kindOf(logs[wrong])}.` });
  }
  return [];
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'number') return `the number ${value}`;
  return typeof value === 'string' ? 'text' : JSON.stringify(value);
}
