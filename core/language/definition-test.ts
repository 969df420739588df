import { Type, type Static } from 'typebox';
import { RUN_STATES } from '../kernel/runs.ts';
import type { Json, JsonObject } from '../kernel/json.ts';

const ANY = Type.Unsafe<Json>({});
const MAP = Type.Unsafe<JsonObject>({ type: 'object' });
const CLOSED = { additionalProperties: false };

/** What a request must be (LANGUAGE 8). `query` and `headers` are subsets; `path` is as on the wire, base path included. */
const expectedRequest = Type.Object(
  {
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
    attempts: Type.Optional(Type.Integer({ minimum: 0 })),
    waits: Type.Optional(Type.Array(Type.String({ format: 'sluice-duration' }))),
    outputs: Type.Optional(MAP),
    error: Type.Optional(
      Type.Object(
        {
          kind: Type.Optional(Type.Enum(['config', 'transient', 'system'])),
          message: Type.Optional(Type.String()),
        },
        CLOSED,
      ),
    ),
    rule: Type.Optional(Type.String({ description: 'JSON Pointer of an errors rule, or default/<status>.' })),
  },
  CLOSED,
);

/** One of a definition's own tests. Without an `action` it is a test of `verify`. */
export const definitionTest = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    action: Type.Optional(Type.String()),
    verify: Type.Optional(Type.Literal(true)),
    connection: Type.Optional(MAP),
    app: Type.Optional(MAP),
    input: Type.Optional(MAP),
    event: Type.Optional(MAP),
    exchanges: Type.Optional(Type.Array(exchange)),
    assert: Type.Optional(assertion),
  },
  CLOSED,
);

export type ExpectedRequest = Static<typeof expectedRequest>;
export type TestReply = Static<typeof reply>;
export type TestExchange = Static<typeof exchange>;
export type DefinitionTest = Static<typeof definitionTest>;
