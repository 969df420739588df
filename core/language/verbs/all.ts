import type { JsonObject } from '../../kernel/json.ts';
import { fail } from './fail.ts';
import { request } from './request.ts';
import { set } from './set.ts';
import { switchVerb } from './switch.ts';
import { use } from './use.ts';
import type { Verb } from './verb.ts';

export const VERBS: readonly Verb[] = [request, use, set, switchVerb, fail];

/** Verbs that may have an effect outside. */
export const EFFECTS: readonly Verb[] = [request, use];

/** Verbs that the language has and this version has not: what to do meanwhile. */
export const LATER_VERBS: Readonly<Record<string, string>> = {
  forEach: 'send the list in one request, or attach the action once an item.',
  wait: 'leave it out: retries and rate limits wait by themselves, and `poll` asks again.',
};

/** The verb of a step as written; undefined where it has none, or several. */
export function verbOf(step: JsonObject): Verb | undefined {
  const [verb, second] = VERBS.filter(({ name }) => name in step);
  return second ? undefined : verb;
}
