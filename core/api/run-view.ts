import { Type } from 'typebox';
import { formatDuration } from '../kernel/duration.ts';
import { SluiceError } from '../kernel/errors.ts';
import { RUN_STATES, type RunState } from '../kernel/runs.ts';
import type { Run, RunFilter, RunStep } from '../kernel/stores/runs.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { AnyObject, Id, nullable, Time } from './schema.ts';

const ErrorSchema = Type.Object({
  kind: Type.Enum(['config', 'transient', 'system'], {
    description: 'Who must act: tenant or operator, time, or us.',
  }),
  message: Type.String(),
  rule: nullable(Type.String()),
  step: nullable(Type.String()),
});

export const RunSchema = Type.Object({
  id: Id,
  state: Type.Enum([...RUN_STATES]),
  kind: Type.String(),
  definition: Type.String(),
  definitionVersion: Type.String(),
  definitionHash: Type.String(),
  pipeline: Type.String(),
  subject: Type.String(),
  actionId: nullable(Id),
  connectionId: nullable(Id),
  attempt: Type.Integer(),
  dueAt: nullable(Time),
  parked: Type.Boolean({ description: 'True while others hold its concurrency key.' }),
  cancelRequested: Type.Boolean(),
  input: AnyObject,
  outputs: nullable(AnyObject),
  error: nullable(ErrorSchema),
  version: Type.Integer(),
  createdAt: Time,
  updatedAt: Time,
  startedAt: nullable(Time),
  finishedAt: nullable(Time),
});

export const StepSchema = Type.Object({
  step: Type.String(),
  attempt: Type.Integer(),
  state: Type.String(),
  rule: nullable(Type.String()),
  wait: nullable(Type.String({ description: 'Until the next attempt, ISO 8601: PT2S.' })),
  polls: nullable(Type.Integer({ description: 'Of a step that polls: its requests so far.' })),
  status: nullable(Type.Integer()),
  idempotencyKey: nullable(Type.String()),
  request: Type.Unknown(),
  response: Type.Unknown(),
  error: Type.Unknown(),
  startedAt: Time,
  finishedAt: Time,
});

export const RunWithSteps = Type.Intersect([RunSchema, Type.Object({ steps: Type.Array(StepSchema) })]);

export function showRun(run: Run, steps?: readonly RunStep[]): object {
  const { error } = run;
  return {
    id: run.id,
    state: run.state,
    kind: run.kind,
    definition: run.definition.id,
    definitionVersion: run.definition.version,
    definitionHash: run.definition.hash,
    pipeline: run.pipeline,
    subject: run.subject,
    actionId: run.automationId ?? null,
    connectionId: run.connectionId ?? null,
    attempt: run.attempt,
    dueAt: run.dueAt ?? null,
    parked: run.parked,
    cancelRequested: run.cancelRequested,
    input: run.input,
    outputs: run.outputs ?? null,
    error: error
      ? { kind: error.kind, message: error.message, rule: error.rule ?? null, step: error.step ?? null }
      : null,
    version: run.version,
    createdAt: run.createdAt,
    updatedAt: run.updatedAt,
    startedAt: run.startedAt ?? null,
    finishedAt: run.finishedAt ?? null,
    ...(steps && { steps: steps.map(showStep) }),
  };
}

export function showStep(step: RunStep): object {
  return {
    step: step.step,
    attempt: step.attempt,
    state: step.state,
    rule: step.rule ?? null,
    wait: step.wait === undefined ? null : formatDuration(step.wait),
    polls: step.polls ?? null,
    status: step.status ?? null,
    idempotencyKey: step.idempotencyKey ?? null,
    request: step.request ?? null,
    response: step.response ?? null,
    error: step.error ?? null,
    startedAt: step.startedAt,
    finishedAt: step.finishedAt,
  };
}

/** What runs are looked for by, besides their state. */
export const runFilter = {
  kind: Type.Optional(Type.String()),
  definition: Type.Optional(Type.String()),
  subject: Type.Optional(Type.String({ description: 'For example response:<id>.' })),
  from: Type.Optional(Type.String({ format: 'date-time', description: 'Created at or after.' })),
  to: Type.Optional(Type.String({ format: 'date-time', description: 'Created before.' })),
};

interface GivenFilter {
  readonly state?: string | readonly string[];
  readonly kind?: string;
  readonly definition?: string;
  readonly subject?: string;
  readonly from?: string;
  readonly to?: string;
}

/** Throws VALIDATION_FAILED for a state that there is not. */
export function readFilter({ state, kind, definition, subject, from, to }: GivenFilter): RunFilter {
  const states = typeof state === 'string' ? state.split(',').map((one) => one.trim()) : state;
  return {
    ...(states && { states: states.map(stateOf) }),
    ...(kind !== undefined && { kinds: [kind] }),
    ...(definition !== undefined && { definition }),
    ...(subject !== undefined && { subject }),
    ...(from !== undefined && { from: new Date(from) }),
    ...(to !== undefined && { to: new Date(to) }),
  };
}

function stateOf(text: string): RunState {
  const known = RUN_STATES.find((state) => state === text);
  if (known) return known;
  const message = `"${text}" is not a state of runs; there are ${RUN_STATES.join(', ')}.${didYouMean(text, RUN_STATES)}`;
  throw new SluiceError('VALIDATION_FAILED', message, { errors: [{ path: '/query/state', message }] });
}
