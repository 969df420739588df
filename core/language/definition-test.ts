import { Type, type Static } from 'typebox';
import { FAULT_CODES, type FaultCode } from '../kernel/errors.ts';
import type { Json, JsonObject } from '../kernel/json.ts';
import { RUN_STATES } from '../kernel/runs.ts';

const ANY = Type.Unsafe<Json>({});
const MAP = Type.Unsafe<JsonObject>({ type: 'object' });
const CLOSED = { additionalProperties: false };
const KIND = Type.Enum(['config', 'transient', 'system']);
const CODE = Type.Enum([...FAULT_CODES] as FaultCode[]);
const STEPS = Type.Array(Type.String(), { description: 'Paths of steps.' });
const COUNT = Type.Integer({ minimum: 0 });

/**
 * What a request must be (LANGUAGE 8). `query` and `headers` are subsets; `path` is as on the wire, base path included.
 * Or which step type must be run, and with what.
 */
const expectedRequest = Type.Object(
  {
    use: Type.Optional(Type.String({ description: 'Name of the step type that is run.' })),
    with: Type.Optional(MAP),
    method: Type.Optional(Type.String()),
    path: Type.Optional(Type.String()),
    url: Type.Optional(Type.String()),
    query: Type.Optional(MAP),
    headers: Type.Optional(MAP),
    json: Type.Optional(ANY),
    jsonContains: Type.Optional(ANY),
    form: Type.Optional(MAP),
    text: Type.Optional(Type.String()),
    ndjson: Type.Optional(Type.Unsafe<readonly Json[]>({ type: 'array' })),
    times: Type.Optional(Type.Integer({ minimum: 1, description: 'As `times` of the exchange.' })),
  },
  CLOSED,
);

const reply = Type.Object(
  {
    status: Type.Optional(Type.Integer({ minimum: 100, maximum: 599 })),
    headers: Type.Optional(MAP),
    json: Type.Optional(ANY),
    text: Type.Optional(Type.String()),
    fault: Type.Optional(Type.Enum(['timeout', 'reset', 'afterHeaders'])),
    error: Type.Optional(
      Type.Object(
        { kind: KIND, message: Type.String(), code: Type.Optional(CODE) },
        { ...CLOSED, description: 'The fault that a step type throws.' },
      ),
    ),
  },
  CLOSED,
);

const exchange = Type.Object(
  {
    expect: Type.Optional(expectedRequest),
    reply: Type.Optional(reply),
    times: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  CLOSED,
);

const assertion = Type.Object(
  {
    state: Type.Optional(Type.Enum([...RUN_STATES])),
    attempts: Type.Optional(COUNT),
    waits: Type.Optional(Type.Array(Type.String({ format: 'sluice-duration' }))),
    outputs: Type.Optional(MAP),
    error: Type.Optional(
      Type.Object(
        {
          kind: Type.Optional(KIND),
          message: Type.Optional(Type.String()),
          code: Type.Optional(CODE),
        },
        CLOSED,
      ),
    ),
    rule: Type.Optional(Type.String({ description: 'JSON Pointer of an errors rule, or default/<status>.' })),
    polls: Type.Optional(Type.Integer({ minimum: 0, description: 'Requests of all polls together.' })),
    undone: Type.Optional({ ...STEPS, description: 'Steps that were undone, in the order of it.' }),
    leaked: Type.Optional({ ...STEPS, description: 'Steps that could not be undone, in the order of it.' }),
    healthy: Type.Optional(Type.Boolean({ description: 'What `read` found.' })),
    items: Type.Optional(
      Type.Object(
        { delivered: Type.Optional(COUNT), retried: Type.Optional(COUNT), failed: Type.Optional(COUNT) },
        { ...CLOSED, description: 'What became of the events of a batch.' },
      ),
    ),
  },
  CLOSED,
);

const event = Type.Object(
  {
    id: Type.String({ minLength: 1 }),
    timestamp: Type.Optional(Type.String()),
    family: Type.Optional(Type.String()),
    fields: MAP,
  },
  CLOSED,
);

/** One of a definition's own tests. Where it names nothing to run it is a test of `verify`. */
export const definitionTest = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    action: Type.Optional(Type.String()),
    verify: Type.Optional(Type.Literal(true)),
    create: Type.Optional(Type.Literal(true)),
    read: Type.Optional(Type.Literal(true)),
    delete: Type.Optional(Type.Literal(true)),
    sink: Type.Optional(
      Type.Union([Type.Literal(true), Type.Literal('purge')], { description: 'Its batch; or the purge of the typed tables.' }),
    ),
    dataset: Type.Optional(Type.Enum(['load', 'nightly', 'build', 'retire'], { description: 'What a dataset runs.' })),
    connection: Type.Optional(MAP),
    app: Type.Optional(MAP),
    input: Type.Optional(MAP),
    event: Type.Optional(MAP),
    environment: Type.Optional(
      Type.Object(
        {
          id: Type.Optional(Type.String()),
          name: Type.Optional(Type.String()),
          input: Type.Optional(MAP),
          outputs: Type.Optional(MAP),
          steps: Type.Optional(MAP),
        },
        { ...CLOSED, description: 'What `create` has learned, for `read` and `delete`.' },
      ),
    ),
    events: Type.Optional(Type.Array(event, { minItems: 1 })),
    exchanges: Type.Optional(Type.Array(exchange)),
    assert: Type.Optional(assertion),
  },
  CLOSED,
);

export type ExpectedRequest = Static<typeof expectedRequest>;
export type TestReply = Static<typeof reply>;
export type TestExchange = Static<typeof exchange>;
export type DefinitionTest = Static<typeof definitionTest>;

/** What a test may name as what it runs, besides an action. */
export const TARGETS = ['verify', 'create', 'read', 'delete', 'sink', 'dataset'] as const;

/** The pipeline that a test runs, by its name in the plan. */
export function pipelineOf(test: Pick<DefinitionTest, 'action' | (typeof TARGETS)[number]>): string {
  if (test.action !== undefined) return `actions/${test.action}`;
  if (test.dataset !== undefined) return test.dataset;
  if (test.sink !== undefined) return test.sink === true ? 'batch' : test.sink;
  return TARGETS.find((name) => test[name]) ?? 'verify';
}
