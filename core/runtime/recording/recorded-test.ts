import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '../../kernel/clock.ts';
import { isFailure } from '../../kernel/http.ts';
import type { Registry } from '../../kernel/registry.ts';
import type { DefinitionTest, TestExchange, TestReply } from '../../language/definition-test.ts';
import type { Plan } from '../../language/plan.ts';
import type { DriveResult } from '../drive.ts';
import { createHttpClient } from '../http/client.ts';
import { startExchangeServer } from '../testing/exchange-server.ts';
import { play, runDefinitionTests, type Played } from '../testing/run-tests.ts';
import type { Asked } from '../testing/script.ts';
import { healthOf, pollsOf, stepsIn, waitsOf } from '../testing/unmet.ts';
import { Cover } from './cover.ts';
import { coverApp, coverConnection, coverExchanges, coverOrigins, coverTokens } from './cover-secrets.ts';
import { expectationOf, severalHosts } from './expectation.ts';
import type { Heard, Sent } from './recorder.ts';
import { relevantTo, replyOf } from './reply.ts';

/** A run against a real system, and what was heard of it. */
export interface Recorded {
  readonly plan: Plan;
  /** What was run, with what: a test that lacks its exchanges. Secrets are as they were. */
  readonly given: DefinitionTest;
  readonly result: DriveResult;
  readonly heard: readonly Heard[];
}

export type Recording = { readonly test: DefinitionTest } | { readonly why: string };

/**
 * Makes a test of a run. Answers are those of the real system, secrets aside. The requests are those that the run sends
 * when it is played again under a test's conditions, with stand-ins for its secrets: so none of them can hold a secret,
 * and what depends on the time or on the run's id is as the test will see it.
 * @returns the test, which passes; or why there can be none
 */
export async function recordedTest(recorded: Recorded, registry: Registry): Promise<Recording> {
  const heard = tellable(recorded.heard);
  if (heard.length === 0) return { why: 'nothing was exchanged with the other side' };
  const draft = draftOf(recorded, heard);
  const server = await startExchangeServer();
  try {
    const asked: Asked[] = [];
    const played = await play(draft, recorded.plan, registry, server, (what) => asked.push(what));
    const why = played.surprises[0] ?? divergence(recorded, played);
    if (why !== undefined) return { why };
    const test = { ...draft, exchanges: exchangesOf(draft, asked), assert: assertionOf(draft, played) };
    return await proven(test, recorded.plan, registry);
  } finally {
    await server.close();
  }
}

/** What a test can tell: not a request that never left, nor the tokens it has from the start. */
function tellable(heard: readonly Heard[]): readonly Heard[] {
  const begin = heard.findIndex((one) => !('request' in one) || one.by === 'step');
  return begin === -1 ? [] : heard.slice(begin).filter((one) => !('request' in one) || hasLeft(one));
}

function hasLeft({ result }: Sent): boolean {
  return !isFailure(result) || result.sent;
}

/** The test, with answers that nothing is expected of yet. */
function draftOf({ plan, given, result }: Recorded, heard: readonly Heard[]): DefinitionTest {
  const { connection = {}, app, input, event, environment, events, ...target } = given;
  const cover = new Cover();
  coverConnection(cover, plan, connection);
  coverApp(cover, app ?? {});
  const $oauth = coverTokens(cover, connection, result.tokens);
  coverExchanges(cover, heard);
  const http = createHttpClient({ clock: systemClock });
  coverOrigins(cover, heard, http);
  http.close();
  const { $oauth: _, ...config } = connection;
  const shown = { ...cover.hide({ ...result.tokens?.saved, ...config }), ...($oauth ? { $oauth } : {}) };
  const relevant = relevantTo(plan);
  return {
    ...target,
    ...(Object.keys(shown).length === 0 ? {} : { connection: shown }),
    ...(app ? { app: cover.hide(app) } : {}),
    ...(input ? { input: cover.hide(input) } : {}),
    ...(event ? { event: cover.hide(event) } : {}),
    ...(environment ? { environment: cover.hide(environment) } : {}),
    ...(events ? { events: cover.hide(events) } : {}),
    exchanges: heard.map((one) => ({
      reply: discreet('request' in one ? replyOf(one.result, one.at, relevant) : one.reply, cover),
    })),
  };
}

/** Its data without secrets: a password may be "200" or "json". */
function discreet({ status, fault, error, ...data }: TestReply, cover: Cover): TestReply {
  return {
    ...(status === undefined ? {} : { status }),
    ...Object.fromEntries(Object.entries(data).map(([key, value]) => [key, cover.hide(value)])),
    ...(fault === undefined ? {} : { fault }),
    ...(error === undefined ? {} : { error: { ...error, message: cover.hide(error.message) } }),
  };
}

/** Where the run went another way under a test's conditions than it did in truth. */
function divergence({ result, heard }: Recorded, { result: played }: Played): string | undefined {
  if (result.state !== played.state) {
    const why = played.error ? ` (${played.error.message})` : '';
    return `played again it ends ${played.state}${why}, and it had ended ${result.state}`;
  }
  if (heard.some((one) => 'request' in one && !hasLeft(one))) return undefined;
  const [was, is] = [courseOf(result), courseOf(played)];
  const place = was.findIndex((row, i) => row !== is[i]);
  if (place === -1) return undefined;
  return `played again it goes another way: ${is[place] ?? 'it ends'} in place of ${was[place] ?? 'the end'}`;
}

function courseOf({ steps }: DriveResult): string[] {
  return steps.map(({ step, state, status, rule }) => [step, state, status, rule].filter(Boolean).join(' '));
}

/** Those that follow each other and are the same are one, so many times. */
function exchangesOf({ exchanges = [] }: DefinitionTest, asked: readonly Asked[]): TestExchange[] {
  const withHost = severalHosts(asked);
  const all = exchanges.map((exchange, i) => ({ expect: expectationOf(asked[i]!, withHost), ...exchange }));
  return all.reduce<TestExchange[]>((kept, exchange) => {
    const { times = 1, ...last } = kept.at(-1) ?? {};
    if (isDeepStrictEqual(last, exchange)) kept[kept.length - 1] = { ...exchange, times: times + 1 };
    else kept.push(exchange);
    return kept;
  }, []);
}

function assertionOf(draft: DefinitionTest, { result, rules }: Played): NonNullable<DefinitionTest['assert']> {
  const { state, attempts, outputs, error } = result;
  const waits = waitsOf(result);
  const polls = pollsOf(result);
  const rule = rules.findLast((one) => one.startsWith('/')) ?? rules.at(-1);
  const undone = stepsIn('undone', result);
  const leaked = stepsIn('leaked', result);
  const healthy = draft.read ? healthOf(result) : undefined;
  return {
    state,
    attempts,
    ...(waits.length === 0 ? {} : { waits }),
    ...(polls === 0 ? {} : { polls }),
    ...(outputs && Object.keys(outputs).length > 0 ? { outputs } : {}),
    ...(error ? { error: { kind: error.kind, message: error.message } } : {}),
    ...(rule === undefined ? {} : { rule }),
    ...(undone.length === 0 ? {} : { undone }),
    ...(leaked.length === 0 ? {} : { leaked }),
    ...(healthy === undefined ? {} : { healthy }),
  };
}

async function proven(test: DefinitionTest, plan: Plan, registry: Registry): Promise<Recording> {
  for await (const { failures } of runDefinitionTests(plan, [test], registry)) {
    if (failures[0] !== undefined) return { why: `it would not pass: ${failures[0]}` };
  }
  return { test };
}
