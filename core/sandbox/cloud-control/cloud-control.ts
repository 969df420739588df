import { Router } from 'express';
import type { Request } from 'express';
import type { Clock } from '../../kernel/clock.ts';
import type { Json } from '../../kernel/json.ts';
import { faulty, OUTCOME_KINDS } from '../faults.ts';
import type { Faults } from '../faults.ts';
import { cloudControlRoutes, operationOf } from './cloud-control-api.ts';
import { awsFault, sendAwsError } from './errors.ts';
import { progressEvent, typeIn } from './operations.ts';
import { ResourceRequests } from './requests.ts';
import type { Pace } from './requests.ts';
import { modelOf, Resources } from './resources.ts';
import type { Resource } from './resources.ts';
import { bodyOf } from './signature.ts';

const LAG_SECONDS = 0.5;

export interface CloudControl {
  readonly router: Router;
  readonly pace: Pace;
  /** Everything that exists, readable yet or not, and every operation: times as the API gives them. */
  inventory(): CloudInventory;
  clear(): void;
}

export interface CloudInventory {
  readonly timeScale: number;
  readonly lagSeconds: number;
  readonly resources: readonly InventoryResource[];
  readonly requests: readonly object[];
}

/** A resource as the control interface lists it. */
export interface InventoryResource {
  readonly type: string;
  readonly identifier: string;
  readonly region: string;
  readonly state: Resource['state'];
  /** The token of the request that made it, if its caller gave one. */
  readonly clientToken: string | null;
  readonly requestToken: string;
  readonly tags: Json;
  readonly model: Json;
}

export function makeCloudControl(clock: Clock, faults: Faults, timeScale: number): CloudControl {
  const pace: Pace = { timeScale, lagSeconds: LAG_SECONDS };
  const resources = new Resources();
  const requests = new ResourceRequests(clock, pace, resources);
  const router = Router();
  router.use(
    faulty(
      faults,
      (req) => ({
        vendor: 'cloud-control',
        operation: operationOf(req),
        type: typeIn(looseJson(req), requests),
      }),
      (res, fault) => sendAwsError(res, awsFault(fault)),
    ),
  );
  const fateOf = (operation: string, type: { readonly name: string }) =>
    faults.take(
      { vendor: 'cloud-control', method: 'POST', path: '/', operation, type: type.name },
      OUTCOME_KINDS,
    );
  router.use(cloudControlRoutes({ clock, resources, requests, fateOf }));
  return {
    router,
    pace,
    inventory() {
      requests.settle();
      return {
        ...pace,
        resources: resources.existing().map((one) => listed(one)),
        requests: requests.all().map((one) => progressEvent(one, resources)),
      };
    },
    clear() {
      requests.clear();
      resources.clear();
    },
  };
}

function listed(resource: Resource): InventoryResource {
  const { type, identifier, region, state, clientToken, requestToken, desired } = resource;
  return {
    type: type.name,
    identifier,
    region,
    state,
    clientToken: clientToken ?? null,
    requestToken,
    tags: desired['Tags'] ?? [],
    model: modelOf(resource),
  };
}

/** The body, for those who only look whether it says something. */
function looseJson(req: Request): unknown {
  try {
    return JSON.parse(bodyOf(req).toString('utf8'));
  } catch {
    return undefined;
  }
}
