import { Type } from 'typebox';
import { DEFAULT_BACKOFF, type Backoff } from '../../kernel/backoff.ts';
import { parseDuration } from '../../kernel/duration.ts';
import { isJsonObject, type Json } from '../../kernel/json.ts';
import type { RetryPolicy } from '../plan.ts';
import { DURATION, NAME } from '../schema/basics.ts';
import { field, listOf, mapOf } from '../schema/field.ts';
import type { Modifier } from './modifier.ts';

/** The policy where a definition says nothing: LANGUAGE 3's own example. */
export const DEFAULT_RETRY: RetryPolicy = {
  maxAttempts: 5,
  maxElapsed: 86_400_000,
  backoff: DEFAULT_BACKOFF,
  honor: ['retry-after', 'x-ratelimit-reset'],
};

const backoff = mapOf('backoff', {
  type: field(Type.Enum(['constant', 'linear', 'exponential'])),
  initial: DURATION,
  factor: field(Type.Number({ minimum: 1 })),
  max: DURATION,
  jitter: field(Type.Enum(['none', 'full'])),
});

const retry = mapOf('retry', {
  maxAttempts: field(Type.Integer({ minimum: 1 })),
  maxElapsed: DURATION,
  backoff,
  honor: listOf('honor', NAME),
});

export const retryModifier: Modifier = { name: 'retry', field: () => retry };

/** Merges a `retry` over a policy, key by key. */
export function compileRetry(base: RetryPolicy, node: Json | undefined): RetryPolicy {
  if (!isJsonObject(node)) return base;
  const { maxAttempts, maxElapsed, honor } = node;
  return {
    maxAttempts: typeof maxAttempts === 'number' ? maxAttempts : base.maxAttempts,
    maxElapsed: duration(maxElapsed) ?? base.maxElapsed,
    backoff: compileBackoff(base.backoff, node['backoff']),
    honor: Array.isArray(honor) ? honor.map((name) => String(name).toLowerCase()) : base.honor,
  };
}

function compileBackoff(base: Backoff, node: Json | undefined): Backoff {
  if (!isJsonObject(node)) return base;
  const { type, factor, jitter } = node;
  return {
    type: (type as Backoff['type'] | undefined) ?? base.type,
    initial: duration(node['initial']) ?? base.initial,
    factor: typeof factor === 'number' ? factor : base.factor,
    max: duration(node['max']) ?? base.max,
    jitter: (jitter as Backoff['jitter'] | undefined) ?? base.jitter,
  };
}

function duration(node: Json | undefined): number | undefined {
  return typeof node === 'string' ? parseDuration(node) : undefined;
}
