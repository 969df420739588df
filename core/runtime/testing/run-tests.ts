import { VirtualClock } from '../../kernel/clock.ts';
import { SluiceError, messageOf } from '../../kernel/errors.ts';
import { formatDuration, parseDuration } from '../../kernel/duration.ts';
import { isJsonObject, type Json } from '../../kernel/json.ts';
import type { Registry } from '../../kernel/registry.ts';
import type { DefinitionTest } from '../../language/definition-test.ts';
import type { Plan } from '../../language/plan.ts';
import { drive, type DriveResult } from '../drive.ts';
import { createHttpClient } from '../http/client.ts';
import { createRedactor } from '../redaction.ts';
import { valuesAt } from '../secrets.ts';
import { difference, show } from './difference.ts';
import { startExchangeServer, type ExchangeServer } from './exchange-server.ts';

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
  server.expect(test.exchanges ?? [], { timeout: () => clock.fireNext(), failure: () => stop.abort() });
  try {
    const result = await drive({
      plan,
      pipeline: pipelineOf(test),
      connection: test.connection ?? {},
      ...(test.app ? { app: test.app } : {}),
      input: test.input ?? {},
      ...(test.event ? { event: test.event } : {}),
      http,
      registry,
      clock,
      random: () => 1,
      runId: TEST_RUN,
      sleep: async (ms) => clock.advance(ms),
      signal: stop.signal,
    });
    const surprises = server.failures();
    const failures = surprises.length > 0 ? explained(surprises, result, stop.signal) : unmet(test, result);
    const redact = createRedactor(secretsOf(test, plan));
    return { name: test.name, passed: failures.length === 0, failures: failures.map(redact), rulesHit: rulesOf(result) };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { name: test.name, passed: false, failures: [messageOf(error)], rulesHit: [] };
  } finally {
    http.close();
  }
}

/** Tests have been written with credentials that are real: what a failure shows of a request has none. */
function secretsOf({ connection = {}, app = {} }: DefinitionTest, plan: Plan): string[] {
  const { $oauth } = connection;
  const tokens = isJsonObject($oauth) ? valuesAt($oauth, ['/accessToken', '/refreshToken']) : [];
  return [...tokens, ...valuesAt(connection, plan.secrets.connection), ...valuesAt(app, plan.secrets.app)];
}

function pipelineOf(test: DefinitionTest): string {
  return test.action === undefined ? 'verify' : `actions/${test.action}`;
}

/** Why a run did not ask for more is often in its error. Where a surprise ended it, its error says only that. */
function explained(surprises: readonly string[], result: DriveResult, stopped: AbortSignal): string[] {
  return result.error && !stopped.aborted ? [...surprises, `the run ended ${result.state}: ${result.error.message}`] : [...surprises];
}

function unmet({ assert }: DefinitionTest, result: DriveResult): string[] {
  const expected = assert ?? { state: 'succeeded' };
  const waits = result.steps.flatMap(({ state, wait }) => (state === 'waiting' && wait ? [formatDuration(wait)] : []));
  const rules = rulesOf(result);
  const compare = (what: string, want: Json | undefined, got: unknown) => {
    if (want === undefined) return undefined;
    const found = difference(want, got);
    if (found === undefined) return undefined;
    const where = typeof want === 'object' ? ` (${found})` : '';
    return `${what}: expected ${show(want)}, got ${show(got)}${where}`;
  };
  const why = result.error ? ` (${result.error.message})` : '';
  return [
    expected.state !== undefined && expected.state !== result.state
      ? `state: expected ${expected.state}, got ${result.state}${why}`
      : undefined,
    compare('attempts', expected.attempts, result.attempts),
    compare('waits', expected.waits?.map(inOneForm), waits),
    compare('outputs', expected.outputs, result.outputs ?? {}),
    compare('error.kind', expected.error?.kind, result.error?.kind),
    expected.error?.message !== undefined && !result.error?.message.includes(expected.error.message)
      ? `error.message: expected one that contains ${show(expected.error.message)}, got ${show(result.error?.message)}`
      : undefined,
    expected.rule !== undefined && !rules.includes(expected.rule)
      ? `rule: expected ${show(expected.rule)} to match, got ${show(rules)}`
      : undefined,
  ].filter((text) => text !== undefined);
}

/** `PT120S` and `PT2M` are the same wait. */
function inOneForm(duration: string): string {
  return formatDuration(parseDuration(duration) ?? 0);
}

function rulesOf(result: DriveResult): string[] {
  return [...new Set(result.steps.map((row) => row.rule).filter((rule) => rule !== undefined))];
}
