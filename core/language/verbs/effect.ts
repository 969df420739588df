import { childPointer } from '../load/document.ts';
import { compileErrors } from '../modifiers/errors.ts';
import { compileIdempotency } from '../modifiers/idempotency.ts';
import { compilePoll } from '../modifiers/poll.ts';
import { compileResponse } from '../modifiers/response.ts';
import { compileRetry } from '../modifiers/retry.ts';
import { compileTimeout } from '../modifiers/timeout.ts';
import type { EffectStep, Idempotency } from '../plan.ts';
import type { StepCompiler, WrittenStep } from './verb.ts';

/** What steps that may change the world outside have in common: all but what they do. */
type Effect = Pick<
  EffectStep,
  'id' | 'path' | 'response' | 'errors' | 'retry' | 'timeoutMs' | 'idempotency' | 'poll' | 'undo'
>;

/** @param standard what an unknown outcome calls for where the step itself does not say */
export function compileEffect(step: WrittenStep, standard: Idempotency | undefined, compiler: StepCompiler): Effect {
  const { id, path, pointer, node } = step;
  const poll = compilePoll(node['poll'], childPointer(pointer, 'poll'));
  const { undo } = node;
  return {
    id,
    path,
    response: compileResponse(node['response'], childPointer(pointer, 'response')),
    errors: [...compileErrors(node['errors'], childPointer(pointer, 'errors')), ...compiler.errors],
    retry: compileRetry(compiler.retry, node['retry']),
    timeoutMs: compileTimeout(node['timeout'], compiler.timeout),
    idempotency: compileIdempotency(step, standard, compiler) ?? { mode: 'once' },
    ...(poll ? { poll } : {}),
    ...(undo === undefined ? {} : { undo: compiler.steps(undo, childPointer(pointer, 'undo'), `${path}/undo`) }),
  };
}
