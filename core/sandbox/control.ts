import { Ajv } from 'ajv';
import type { ErrorObject } from 'ajv';
import { Router } from 'express';
import type { Request, Response } from 'express';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { HANDLER_ERROR_CODES } from './cloud-control/errors.ts';
import { FAULT_KINDS, FAULT_VENDORS, OUTCOME_KINDS } from './faults.ts';
import type { Fault } from './faults.ts';
import type { Grid } from './google/grid.ts';
import type { World } from './world.ts';

const FaultBody = Type.Object(
  {
    vendor: Type.Enum([...FAULT_VENDORS]),
    kind: Type.Enum([...FAULT_KINDS]),
    status: Type.Optional(Type.Integer({ minimum: 300, maximum: 599 })),
    retryAfter: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0 }), Type.String({ minLength: 1, pattern: '^[ -~]+$' })]),
    ),
    code: Type.Optional(Type.String({ minLength: 1 })),
    message: Type.Optional(Type.String()),
    times: Type.Optional(Type.Integer({ minimum: 1 })),
    chance: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    seed: Type.Optional(Type.Integer()),
    method: Type.Optional(Type.String()),
    path: Type.Optional(Type.String()),
    operation: Type.Optional(Type.String({ minLength: 1 })),
    type: Type.Optional(Type.String({ minLength: 1 })),
  },
  { additionalProperties: false },
);

const QuotaBody = Type.Object(
  {
    vendor: Type.Enum(['google', 'twilio']),
    limit: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
    windowSeconds: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  { additionalProperties: false },
);

const PaceBody = Type.Object(
  {
    timeScale: Type.Optional(Type.Number({ minimum: 0, maximum: 1000 })),
    lagSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: 3600 })),
  },
  { additionalProperties: false, minProperties: 1 },
);

const ajv = new Ajv({ allErrors: true });
const isFault = ajv.compile<Static<typeof FaultBody>>(FaultBody);
const isQuota = ajv.compile<Static<typeof QuotaBody>>(QuotaBody);
const isPace = ajv.compile<Static<typeof PaceBody>>(PaceBody);

/** What the sandbox is told and asked: faults, quotas, pace, state, reset. */
export function controlRoutes(world: World): Router {
  const router = Router();
  router.get('/_sandbox/state', (_req, res) => void res.json(inventory(world)));
  router.post('/_sandbox/faults', (req, res) => {
    const body = readJson(req);
    if (!isFault(body)) return refuse(res, isFault.errors);
    const senseless = senselessIn(body);
    if (senseless) return refuse(res, [senseless]);
    world.faults.add(body);
    res.status(201).json({ faults: world.faults.pending() });
  });
  router.delete('/_sandbox/faults', (_req, res) => {
    world.faults.clear();
    res.json({ faults: [] });
  });
  router.post('/_sandbox/quota', (req, res) => {
    const body = readJson(req);
    if (!isQuota(body)) return refuse(res, isQuota.errors);
    const quotas =
      body.vendor === 'google' ? [world.google.reads, world.google.writes] : [world.twilio.requests];
    for (const quota of quotas) {
      quota.limit = body.limit ?? undefined;
      quota.windowMs = (body.windowSeconds ?? 60) * 1000;
      quota.clear();
    }
    res.json(body);
  });
  router.get('/_sandbox/cloud-control', (_req, res) => void res.json(world.cloudControl.inventory()));
  router.post('/_sandbox/cloud-control', (req, res) => {
    const body = readJson(req);
    if (!isPace(body)) return refuse(res, isPace.errors);
    Object.assign(world.cloudControl.pace, body);
    res.json(world.cloudControl.pace);
  });
  router.post('/_sandbox/expire', (_req, res) => {
    world.google.accounts.expireAccess();
    res.json({ expired: true });
  });
  router.post('/_sandbox/reset', (_req, res) => {
    world.clear();
    res.json({ reset: true });
  });
  return router;
}

function readJson(req: Request): unknown {
  try {
    return JSON.parse(Buffer.isBuffer(req.body) ? req.body.toString('utf8') : '');
  } catch {
    return undefined;
  }
}

/** What no schema says: outcomes are of operations that take time, and a failed one has a code of a closed list. */
function senselessIn({ vendor, kind, code }: Fault): Problem | undefined {
  if (vendor !== 'cloud-control' && OUTCOME_KINDS.some((one) => one === kind))
    return { instancePath: '/kind', message: `"${kind}" is of cloud-control alone`, params: {} };
  if (kind === 'fail' && !HANDLER_ERROR_CODES.some((one) => one === code)) {
    const params = { allowedValues: HANDLER_ERROR_CODES };
    return { instancePath: '/code', message: 'a failed operation has one of these codes', params };
  }
  return undefined;
}

/** What is wrong with a body, in ajv's words or in our own. */
type Problem = Pick<ErrorObject, 'instancePath' | 'message' | 'params'>;

function refuse(res: Response, errors: readonly Problem[] | null | undefined): void {
  const found = (errors ?? []).map(({ instancePath, message, params }) => ({
    path: instancePath,
    message: `${message ?? 'is wrong'}${accepted(params)}`,
  }));
  res.status(422).json({ error: 'The body was not understood.', errors: found });
}

function accepted(params: Readonly<Record<string, unknown>>): string {
  const list = params['allowedValues'];
  if (Array.isArray(list)) return `: ${list.join(', ')}`;
  return typeof params['additionalProperty'] === 'string' ? `: "${params['additionalProperty']}"` : '';
}

/** All that is in the sandbox, as JSON. */
function inventory(world: World): object {
  const { google, twilio, cloudControl, echo, faults } = world;
  return {
    google: {
      ...google.accounts.counts(),
      quota: { reads: google.reads.limit ?? null, writes: google.writes.limit ?? null },
      spreadsheets: google.spreadsheets.all().map(({ id, title, grids }) => ({
        id,
        title,
        sheets: grids.map((grid) => ({ title: grid.title, values: valuesOf(grid) })),
      })),
    },
    twilio: {
      quota: twilio.requests.limit ?? null,
      messages: twilio.messages.all().map((message) => twilio.messages.resource(message)),
    },
    cloudControl: cloudControl.inventory(),
    webhook: { received: echo.all() },
    faults: faults.pending(),
  };
}

function valuesOf(grid: Grid): (string | number | boolean)[][] {
  const used = grid.used();
  return used ? grid.read(used, 'FORMATTED_VALUE', false) : [];
}
