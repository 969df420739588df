import { uuid5 } from '../kernel/ids.ts';
import type { Cursor } from '../kernel/runs.ts';
import type { Idempotency } from '../language/plan.ts';

/**
 * The key a step carries in all its attempts: uuid5 of run, step path, item and generation. No attempt number is in
 * it; the generation is raised by a replay alone.
 */
export function idempotencyKey(runId: string, step: string, cursor: Cursor, item = ''): string {
  const generation = cursor.generation + (cursor.stepGenerations?.[step] ?? 0);
  return uuid5(runId, `${step}\n${item}\n${generation}`);
}

/**
 * What an unknown outcome calls for (DESIGN 3, the table): a request that may be repeated, or that carries a key the
 * vendor still remembers, is sent again; one whose effect can be found is looked for; anything else is for a person to say.
 * @param age ms since the request was first sent
 */
export function afterUnknown(idempotency: Idempotency, age: number): 'resend' | 'lookUp' | 'review' {
  switch (idempotency.mode) {
    case 'safe':
      return 'resend';
    case 'once':
      return 'review';
    case 'lookup':
      return 'lookUp';
    case 'header':
    case 'key':
      return idempotency.validFor !== undefined && age > idempotency.validFor ? 'review' : 'resend';
  }
}

/** True where a crash in the middle leaves a doubt, so that the intent must be on record before the request. */
export function needsIntent(idempotency: Idempotency): boolean {
  return idempotency.mode !== 'safe';
}
