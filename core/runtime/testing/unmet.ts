import { formatDuration, parseDuration } from '../../kernel/duration.ts';
import type { Json } from '../../kernel/json.ts';
import type { Effect } from '../../kernel/runs.ts';
import type { DefinitionTest } from '../../language/definition-test.ts';
import type { DriveResult } from '../drive.ts';
import { difference, show } from './difference.ts';

/** What a test asserts and what did not come about, a sentence each. */
export function unmet({ assert }: DefinitionTest, result: DriveResult, rules: readonly string[]): string[] {
  const expected = assert ?? { state: 'succeeded' };
  const { error, outputs = {} } = result;
  const why = error ? ` (${error.message})` : '';
  const { delivered, retried, failed } = expected.items ?? {};
  return [
    expected.state !== undefined && expected.state !== result.state
      ? `state: expected ${expected.state}, got ${result.state}${why}`
      : undefined,
    compare('attempts', expected.attempts, result.attempts),
    compare('waits', expected.waits?.map(inOneForm), waitsOf(result)),
    compare('polls', expected.polls, pollsOf(result)),
    compare('outputs', expected.outputs, outputs),
    compare('items.delivered', delivered, outputs['delivered']),
    compare('items.retried', retried, outputs['retried']),
    compare('items.failed', failed, outputs['failed']),
    compare('healthy', expected.healthy, healthOf(result)),
    compare('error.kind', expected.error?.kind, error?.kind),
    compare('error.code', expected.error?.code, error?.code),
    expected.error?.message !== undefined && !error?.message.includes(expected.error.message)
      ? `error.message: expected one that contains ${show(expected.error.message)}, got ${show(error?.message)}`
      : undefined,
    expected.rule !== undefined && !rules.includes(expected.rule)
      ? `rule: expected ${show(expected.rule)} to match, got ${show(rules)}`
      : undefined,
    compare('undone', expected.undone, stepsIn('undone', result)),
    compare('leaked', expected.leaked, stepsIn('leaked', result)),
  ].filter((text) => text !== undefined);
}

function compare(what: string, want: Json | undefined, got: unknown): string | undefined {
  if (want === undefined) return undefined;
  const found = difference(want, got);
  if (found === undefined) return undefined;
  const where = typeof want === 'object' ? ` (${found})` : '';
  return `${what}: expected ${show(want)}, got ${show(got)}${where}`;
}

/** As tests write them, in the order of the trace. Waits of polls are not among them: how often was asked is what `polls` is for. */
export function waitsOf({ steps }: DriveResult): string[] {
  return steps.flatMap(({ state, wait, polls }) =>
    state === 'waiting' && wait && polls === undefined ? [formatDuration(wait)] : [],
  );
}

/** A poll writes its one row again and again, and counts in it. */
export function pollsOf({ steps }: DriveResult): number {
  const counts = new Map<string, number>();
  for (const { step, polls } of steps) if (polls !== undefined) counts.set(step, polls);
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

export function healthOf({ state, error }: DriveResult): boolean | undefined {
  if (state === 'succeeded') return true;
  return error?.code === 'PROBE_FAILED' ? false : undefined;
}

/** What was done last is undone first. */
export function stepsIn(state: Effect['state'], { effects }: DriveResult): string[] {
  return effects.filter((effect) => effect.state === state).map(({ step }) => step).reverse();
}

/** `PT120S` and `PT2M` are the same wait. */
function inOneForm(duration: string): string {
  return formatDuration(parseDuration(duration) ?? 0);
}
