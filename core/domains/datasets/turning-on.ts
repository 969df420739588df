import { SluiceError } from '../../kernel/errors.ts';
import { ObjectStoreError, type Objects } from '../../kernel/objects.ts';
import type { Connection } from '../../kernel/stores/connections.ts';
import type { Dataset } from '../../kernel/stores/datasets.ts';
import type { DatasetRef } from '../../kernel/stores/operational.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import type { DatasetPlan } from '../../language/plan-dataset.ts';
import { audit, type Actor } from '../audit/record.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import { landingOf } from './keys.ts';

/** Where a dataset's data comes in. */
export interface Intake {
  readonly id: string;
  /** The prefixes of its sources are below it. */
  readonly landingFolder: string;
  /** Where each source of messages takes them. */
  readonly webhooks: Readonly<Record<string, string>>;
}

export interface IntakeDeps {
  readonly catalogue: Pick<Catalogue, 'plan'>;
  readonly objects: Pick<Objects, 'addressOf' | 'prepare'>;
  /** How the outside reaches this server, without a slash at its end. */
  readonly baseUrl: () => string;
}

/**
 * Turns a dataset on, or on again, in the transaction that makes its connection.
 * @throws SluiceError CONFLICT where another connection has turned it on; UNAVAILABLE where nothing could land
 */
export async function turnOn(
  { objects }: Pick<IntakeDeps, 'objects'>,
  stores: Stores,
  who: Actor,
  { definition, id }: Connection,
): Promise<void> {
  const dataset = await stores.datasets.turnOn({ tenantId: who.tenantId, id: definition }, id);
  await orUnavailable(objects.prepare(landingOf(dataset)));
  await audit(stores, who, 'dataset.turnOn', `dataset:${dataset.id}`, { connection: id });
}

/** What who sends files and messages needs to know. */
export function intakeOf({ catalogue, objects, baseUrl }: IntakeDeps, dataset: Dataset): Intake {
  const { id, connectionId } = dataset;
  const sources = catalogue.plan(id)?.dataset?.sources ?? [];
  const webhooks = sources
    .filter(({ kind }) => kind === 'webhook' && connectionId !== undefined)
    .map(({ name }) => [name, `${baseUrl()}/hooks/${connectionId}/${name}`]);
  return { id, landingFolder: objects.addressOf(landingOf(dataset)), webhooks: Object.fromEntries(webhooks) };
}

/** What a dataset's definition says now. @throws SluiceError CONFLICT */
export function datasetPlanOf(catalogue: Pick<Catalogue, 'plan'>, { id }: DatasetRef): DatasetPlan {
  const plan = catalogue.plan(id)?.dataset;
  if (plan) return plan;
  throw new SluiceError('CONFLICT', `The definition "${id}" is not loaded now, or has errors, and with it the dataset rests.`);
}

async function orUnavailable(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof ObjectStoreError)) throw error;
    throw new SluiceError('UNAVAILABLE', `The store of objects cannot be used: ${error.message}`, { cause: error });
  }
}
