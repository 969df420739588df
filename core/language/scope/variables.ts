import { ANY, VALUE, mapShape, namesShape, type MapShape, type Member } from './shape.ts';

/** The declared shapes of one definition. */
export interface Declared {
  readonly connection: MapShape;
  readonly app: MapShape;
  /** What every run of the definition brings with it: for places that belong to no pipeline in particular. */
  readonly brought: Readonly<Record<string, Member>>;
}

const RESPONSE: Member = {
  shape: mapShape({ status: { shape: VALUE }, headers: { shape: ANY }, body: { shape: ANY } }),
};

const REQUEST: Member = {
  shape: mapShape({
    url: { shape: VALUE },
    query: { shape: ANY },
    headers: { shape: ANY },
    body: { shape: ANY },
    rawBody: { shape: VALUE },
  }),
};

const OF_RUN: Record<string, Member> = { run: { shape: namesShape(['id', 'createdAt']) }, now: { shape: VALUE } };

/** Where a kind of place stands, and so what templates see there (LANGUAGE 2, "Variables by place"). */
export const VARIABLES = {
  /** `auth` of a definition: used for every request, of verify and of token answers, too. */
  auth: (declared: Declared) => mapShape({ ...owned(declared), now: { shape: VALUE } }),
  baseUrl: (declared: Declared) => mapShape({ ...owned(declared), ...declared.brought }),
  /** Headers, query and concurrency that a definition gives to all of its pipelines. */
  everyRequest: (declared: Declared) => mapShape({ ...owned(declared), ...declared.brought, ...OF_RUN }),
  everyAnswer: (declared: Declared) =>
    mapShape({ ...owned(declared), ...declared.brought, ...OF_RUN, response: RESPONSE }),
  /** A pipeline's outputs and its conditions. */
  pipeline: (declared: Declared, brought: Declared['brought'], steps: MapShape) =>
    mapShape({ ...owned(declared), ...brought, ...OF_RUN, steps: { shape: steps } }),
  request: (pipeline: MapShape) =>
    mapShape({ ...pipeline.members, step: { shape: namesShape(['idempotencyKey']) } }),
  answer: (request: MapShape) => mapShape({ ...request.members, response: RESPONSE }),
  /** What is taken out of a message that came by webhook. */
  webhook: (declared: Declared) => mapShape({ ...owned(declared), now: { shape: VALUE }, request: REQUEST }),
  /** What an answer says of one event of a batch. */
  item: (answer: MapShape) => mapShape({ ...answer.members, item: { shape: ANY } }),
} as const;

function owned({ connection, app }: Declared): Record<string, Member> {
  return {
    connection: { shape: connection },
    app: { shape: app },
    tenant: { shape: namesShape(['id', 'name']) },
  };
}


/** Names that the language has elsewhere, and where: for "not here" instead of "unknown". */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  response:
    '"response" is known only in `response`, in `errors` and in what they hold: here no answer has come yet.',
  step: '"step" is known only inside a step.',
  steps: '"steps" is known only where steps run.',
  event: '"event" is known only in the steps of an action, and in a form action\'s input.',
  run: '"run" is known only where a run is under way.',
  input: '"input" is not known here: this place belongs to the connection and not to one action.',
  item: '"item" is known only inside `$map` with `each(item)`, in the `response.items` of a sink, or in a `forEach`.',
  index: '"index" is known only inside a `forEach`.',
  login: '"login" is known only in the `use` of a login.',
  environment: '"environment" is known only in a provisioner.',
  events: '"events" is known only in a sink.',
  batch: '"batch" is known only in a sink.',
  page: '"page" is known only in a request with `paginate`.',
  request: '"request" is known only in a webhook.',
};
