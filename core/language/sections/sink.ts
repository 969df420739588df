import { Type } from 'typebox';
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { parseDuration } from '../../kernel/duration.ts';
import type { Grammar } from '../grammar.ts';
import type { SinkPlan, TableSettings } from '../plan.ts';
import { BYTES, DURATION } from '../schema/basics.ts';
import { parseByteSize } from '../schema/byte-size.ts';
import { checkSchema, field, mapOf, type Check, type Fields } from '../schema/field.ts';
import { asText } from '../schema/show.ts';

const STORE = Type.Literal('sql', { description: "The platform's own typed tables." });
const COUNT = field(Type.Integer({ minimum: 1 }));

const checkStore: Check = (node, pointer, report) => {
  if (node !== 'sql') checkSchema(Type.Enum(['sql']), node, pointer, report);
};

/** The keys of a sink besides those that all kinds have (LANGUAGE 6). */
export function sinkFields(grammar: Grammar): Fields {
  return {
    batch: mapOf('batch', { maxEvents: COUNT, maxBytes: BYTES, maxWait: DURATION }),
    steps: grammar.steps,
    store: field(STORE, checkStore),
    settings: mapOf('settings', { retention: mapOf('retention', { days: COUNT, chunk: COUNT }) }),
  };
}

/** Steps or the built-in tables, and what belongs to which. */
export const checkSink: Check = (node, pointer, report) => {
  if (!isJsonObject(node)) return;
  const misplaced = (key: string, message: string) => {
    if (key in node) report.error(`${pointer}/${key}`, message, { onKey: true });
  };
  if ('store' in node) {
    misplaced('steps', 'A sink has "steps" or "store", and this one has both. Events go one way: leave one of them out.');
    misplaced('batch', '"batch" is for steps that forward events; the typed tables take events as they come. Leave it out.');
  } else {
    if (!('steps' in node)) report.error(pointer, 'A sink needs "steps" that forward a batch, or "store: sql".', { onKey: true });
    misplaced('settings', '"settings" are of the typed tables; add "store: sql", or leave them out.');
  }
};

const STANDARD = { maxEvents: 5000, maxBytes: 5 * 1024 * 1024, maxWaitMs: 1000 };

export function compileSink(root: JsonObject): SinkPlan {
  if ('store' in root) return { store: 'sql', settings: settingsOf(root) };
  const batch = mapOrNone(root['batch']);
  const { maxEvents, maxBytes, maxWait } = batch;
  return {
    store: 'steps',
    batch: {
      maxEvents: typeof maxEvents === 'number' ? maxEvents : STANDARD.maxEvents,
      maxBytes: parseByteSize(asText(maxBytes)) ?? STANDARD.maxBytes,
      maxWaitMs: parseDuration(asText(maxWait)) ?? STANDARD.maxWaitMs,
    },
  };
}

const STANDARD_CHUNK = 5000;

function settingsOf(root: JsonObject): TableSettings {
  const { days, chunk } = mapOrNone(mapOrNone(root['settings'])['retention']);
  return {
    purgeChunk: typeof chunk === 'number' ? chunk : STANDARD_CHUNK,
    ...(typeof days === 'number' ? { retentionDays: days } : {}),
  };
}

function mapOrNone(node: Json | undefined): JsonObject {
  return isJsonObject(node) ? node : {};
}
