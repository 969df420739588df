import { VirtualClock } from '../../kernel/clock.ts';
import { SluiceError, messageOf } from '../../kernel/errors.ts';
import { isJsonObject } from '../../kernel/json.ts';
import type { Registry } from '../../kernel/registry.ts';
import { pipelineOf, type DefinitionTest } from '../../language/definition-test.ts';
import type { Plan } from '../../language/plan.ts';
import { drive, type DriveOptions, type DriveResult } from '../drive.ts';
import { createHttpClient } from '../http/client.ts';
import { createRedactor } from '../redaction.ts';
import { valuesAt } from '../secrets.ts';
import { startExchangeServer, type ExchangeServer } from './exchange-server.ts';
import { watchItemRules } from './item-rules.ts';
import { ExchangeScript, type Asked } from './script.ts';
import { scriptedStepTypes } from './step-types.ts';
import { unmet } from './unmet.ts';

export interface TestResult {
  readonly name: string;
  readonly passed: boolean;
  /** What was not as the test says, a sentence each. */
  readonly failures: readonly string[];
  /** JSON Pointers of the `errors` rules that matched. */
  readonly rulesHit: readonly string[];
}

/** When every test begins, so that what depends on the time is the same each time. */
export const TEST_START = Date.UTC(2026, 0, 1);
/** The run of every test, so that idempotency keys can be written down. */
export const TEST_RUN = '01900000-0000-7000-8000-000000000000';
/** The environment of every test of a provisioner, as far as the test says nothing else of it. */
const TEST_ENVIRONMENT = { id: '01900000-0000-7000-8000-00000000000e', name: 'test', input: {}, outputs: {}, steps: {} };

/**
 * Runs a definition's own tests: the engine's interpreter, HTTP answered at the socket of a server of ours, a virtual
 * clock, and jitter at its upper bound. Results come in the order of the tests.
 */
export async function* runDefinitionTests(
  plan: Plan,
  tests: readonly DefinitionTest[],
  registry: Registry,
): AsyncGenerator<TestResult> {
  const server = await startExchangeServer();
  try {
    for (const test of tests) yield await runTest(test, plan, registry, server);
  } finally {
    await server.close();
  }
}

async function runTest(test: DefinitionTest, plan: Plan, registry: Registry, server: ExchangeServer): Promise<TestResult> {
  try {
    const { result, surprises, rules, stopped } = await play(test, plan, registry, server);
    const failures = surprises.length > 0 ? explained(surprises, result, stopped) : unmet(test, result, rules);
    const redact = createRedactor(secretsOf(test, plan));
    return { name: test.name, passed: failures.length === 0, failures: failures.map(redact), rulesHit: rules };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { name: test.name, passed: false, failures: [messageOf(error)], rulesHit: [] };
  }
}

/** What came of a test's run, before it is compared with what the test asserts. */
export interface Played {
  readonly result: DriveResult;
  /** What was asked for and not expected, or expected and not asked for, a sentence each. */
  readonly surprises: readonly string[];
  /** JSON Pointers of the `errors` rules that matched, and the names of built-in ones. */
  readonly rules: readonly string[];
  /** Aborted where a surprise ended the run. */
  readonly stopped: AbortSignal;
}

/**
 * Carries a test's run to its end under the conditions of all tests.
 * @param asked hears all that the run asks for
 * @throws SluiceError VALIDATION_FAILED where connection or input are not as the definition says
 */
export async function play(
  test: DefinitionTest,
  plan: Plan,
  registry: Registry,
  server: ExchangeServer,
  asked?: (what: Asked) => void,
): Promise<Played> {
  const clock = new VirtualClock(TEST_START);
  const stop = new AbortController();
  const answered = createHttpClient({ endpoints: {}, everywhere: server.url, clock });
  const real = createHttpClient({ clock });
  // All is answered here, so what the egress guard says without the network has to be asked beforehand.
  const http = {
    ...answered,
    async send(...[request, how]: Parameters<typeof answered.send>) {
      if (how.guarded) real.checkUrl(request.url);
      return answered.send(request, how);
    },
  };
  const script = new ExchangeScript(test.exchanges ?? [], { timeout: () => clock.fireNext(), failure: () => stop.abort(), asked });
  server.play(script);
  // Of the rows as they are written: a poll keeps only the last of its answers.
  const rulesHit = new Set<string>();
  try {
    const result = await drive({
      plan: watchItemRules(plan, (rule) => rulesHit.add(rule)),
      pipeline: pipelineOf(test),
      connection: test.connection ?? {},
      ...(test.app ? { app: test.app } : {}),
      input: test.input ?? {},
      ...(test.event ? { event: test.event } : {}),
      ...broughtBy(test),
      http,
      registry,
      stepTypes: scriptedStepTypes(registry, script),
      clock,
      random: () => 1,
      runId: TEST_RUN,
      sleep: async (ms) => clock.advance(ms),
      onTrace: ({ rule }) => rule !== undefined && rulesHit.add(rule),
      signal: stop.signal,
    });
    return { result, surprises: script.failures(), rules: [...rulesHit], stopped: stop.signal };
  } finally {
    http.close();
  }
}

/** What the owner of such a run brings with it: an environment, or a batch of events. */
function broughtBy({ environment, events }: DefinitionTest): Pick<DriveOptions, 'context' | 'events'> {
  if (!events) return { context: { environment: { ...TEST_ENVIRONMENT, ...environment } } };
  const family = events[0]?.family ?? 'test';
  const timestamp = new Date(TEST_START).toISOString();
  return {
    context: { batch: { id: TEST_RUN, family, count: events.length } },
    events: events.map((event) => ({ timestamp, family, ...event })),
  };
}

/** Tests have been written with credentials that are real: what a failure shows of a request has none. */
function secretsOf({ connection = {}, app = {} }: DefinitionTest, plan: Plan): string[] {
  const { $oauth } = connection;
  const tokens = isJsonObject($oauth) ? valuesAt($oauth, ['/accessToken', '/refreshToken']) : [];
  return [...tokens, ...valuesAt(connection, plan.secrets.connection), ...valuesAt(app, plan.secrets.app)];
}

/** Why a run did not ask for more is often in its error. Where a surprise ended it, its error says only that. */
function explained(surprises: readonly string[], result: DriveResult, stopped: AbortSignal): string[] {
  return result.error && !stopped.aborted ? [...surprises, `the run ended ${result.state}: ${result.error.message}`] : [...surprises];
}
