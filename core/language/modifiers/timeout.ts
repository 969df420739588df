import { parseDuration } from '../../kernel/duration.ts';
import type { Json } from '../../kernel/json.ts';
import { DURATION } from '../schema/basics.ts';
import type { Modifier } from './modifier.ts';

const DEFAULT_TIMEOUT_MS = 30_000;

/** How long one exchange may take. The definition's, unless the step has its own. */
export const timeoutModifier: Modifier = { name: 'timeout', field: () => DURATION };

/** The first of the given durations that is one, in ms; else the default of 30 s. */
export function compileTimeout(...durations: readonly (Json | undefined)[]): number {
  for (const duration of durations) {
    const ms = typeof duration === 'string' ? parseDuration(duration) : undefined;
    if (ms !== undefined) return ms;
  }
  return DEFAULT_TIMEOUT_MS;
}
