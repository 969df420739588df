import { isFailure, type Answer, type Failure } from '../../kernel/http.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import type { TestReply } from '../../language/definition-test.ts';
import type { Plan } from '../../language/plan.ts';
import { decodeBody, textOf } from '../decode.ts';
import { parseWait } from '../wait.ts';

/** Whether a test has to show this header of an answer. */
export type Relevant = (header: string) => boolean;

/** Of every answer, and nobody's concern. */
const NOISE = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'content-encoding', 'content-type', 'date', 'server', 'via', 'vary', 'age', 'set-cookie']);

/** The headers that a definition speaks of, and Retry-After, which counts always. */
export function relevantTo({ document }: Plan): Relevant {
  const { tests: _, ...definition } = document;
  const text = JSON.stringify(definition).toLowerCase();
  const words = new Set(text.match(/[a-z0-9_-]+/g));
  return (header) => header === 'retry-after' || (!NOISE.has(header) && words.has(header));
}

/**
 * An answer, or that there was none, as a test replies it.
 * @param at when it came, in ms since the epoch: a test has another time, so times become waits
 */
export function replyOf(result: Answer | Failure, at: number, relevant: Relevant): TestReply {
  if (isFailure(result)) return { fault: result.network === 'timeout' ? 'timeout' : 'reset' };
  const { status } = result;
  const kept = Object.entries(result.headers).filter(([name]) => relevant(name));
  const headers: JsonObject = Object.fromEntries(kept.map(([name, value]) => [name, wait(name, value, at)]));
  const { type, ...body } = bodyOf(result);
  const all = { ...headers, ...(type === undefined ? {} : { 'content-type': type }) };
  return { status, ...(Object.keys(all).length === 0 ? {} : { headers: all }), ...body };
}

function bodyOf(answer: Answer): { json?: Json; text?: string; type?: string } {
  if (answer.body.length === 0) return {};
  const type = answer.headers['content-type'] ?? '';
  const media = type.split(';', 1)[0]!.trim().toLowerCase();
  const { body, undecodable } = decodeBody(answer);
  const isJson = /json/.test(media) || (media === '' && typeof body !== 'string');
  if (isJson && undecodable === undefined) return { json: body as Json };
  return { text: textOf(answer.body, type), ...(media === '' ? {} : { type: media }) };
}

/** When to come back is a date or an epoch in some answers: in a test it is so many seconds from then. */
function wait(name: string, value: string, at: number): string {
  const isTime = /retry|reset|after/.test(name) && !/^(?:\d{1,9}(?:\.\d+)?|P.*)$/.test(value.trim());
  const ms = isTime ? parseWait(value, at) : undefined;
  return ms === undefined ? value : String(Math.ceil(ms / 1000));
}
