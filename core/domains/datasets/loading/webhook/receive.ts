import { notFound, SluiceError, StepFault } from '../../../../kernel/errors.ts';
import type { Json, JsonObject } from '../../../../kernel/json.ts';
import type { LiveConnection } from '../../../../kernel/ports.ts';
import {
  OperationalError,
  type LoadCounts,
  type NewLoad,
  type OperationalStore,
  type OperationalStores,
} from '../../../../kernel/stores/operational.ts';
import { ABSENT, type Scope } from '../../../../language/evaluator.ts';
import type { WebhookRequest, WebhookSource } from '../../../../language/plan-dataset.ts';
import type { DatasetDeps } from '../../deps.ts';
import { columnWriters } from '../columns/column-writer.ts';
import { shownText } from '../shown.ts';
import { requestOf, type Delivery } from './delivery.ts';
import { messageRows } from './message-rows.ts';
import { checkSignature } from './signature.ts';

/** It is part of a key of the ledger. */
const MOST_ID_BYTES = 500;

export interface ReceiveDeps extends Pick<DatasetDeps, 'catalogue' | 'clock'> {
  readonly operational: { open(...of: Parameters<OperationalStores['open']>): Promise<Pick<OperationalStore, 'load'>> };
  /** The operator's values for a definition (SLUICE_APPS). */
  readonly app: (definition: string) => JsonObject;
}

/** Whose webhook it is: a source of a dataset that the connection has turned on. */
export interface Hook {
  readonly tenant: { readonly id: string; readonly name: string };
  /** With the secret in the clear. Its definition is the dataset's. */
  readonly connection: LiveConnection;
  readonly source: string;
}

export interface Receipt {
  readonly accepted: true;
  /** It was accepted before. */
  readonly duplicate: boolean;
  /** It does not fit the columns. To send it again would not help. */
  readonly quarantined: boolean;
}

/**
 * Takes a message in. It is there for good when this resolves.
 * @throws SluiceError NOT_FOUND, UNAUTHENTICATED, INVALID_JSON, VALIDATION_FAILED where it has no id, UNAVAILABLE
 */
export async function receive(deps: ReceiveDeps, hook: Hook, delivery: Delivery): Promise<Receipt> {
  const { connection, tenant } = hook;
  const plan = deps.catalogue.plan(connection.definition);
  const source = plan?.dataset?.sources.find(({ name }) => name === hook.source);
  const isRead = plan?.dataset?.tables.some(({ from }) => from === hook.source) ?? false;
  // What no table takes from has nowhere to go.
  if (!plan?.dataset || source?.kind !== 'webhook' || !isRead) throw notFound('webhook');
  const request = requestOf(delivery);
  const now = deps.clock.now();
  const scope = {
    connection: { ...connection.config, id: connection.id },
    app: deps.app(plan.id),
    tenant,
    now: new Date(now).toISOString(),
    request,
  };
  const sentAt = checkSignature(source.signature, scope, request, now);
  const load: NewLoad = {
    kind: 'message',
    source: source.name,
    object: messageId(source, scope, request),
    etag: '',
    definitionHash: plan.hash,
    ...(sentAt !== undefined && { eventTime: sentAt }),
  };
  const rows = messageRows(source, columnWriters(source), scope, request);
  const store = await orTold(deps.operational.open({ tenantId: tenant.id, id: plan.id }, plan.dataset.tables));
  return receiptOf(await orTold(store.load(load, rows)));
}

function receiptOf(taken: LoadCounts | 'known'): Receipt {
  const duplicate = taken === 'known';
  return { accepted: true, duplicate, quarantined: !duplicate && taken.quarantined > 0 };
}

/** What the message is accepted once by. */
function messageId(source: WebhookSource, scope: Scope, request: WebhookRequest): string {
  const id = extracted(source, scope, request);
  const text = typeof id === 'number' && Number.isSafeInteger(id) ? String(id) : id;
  if (typeof text !== 'string') throw noId(`it is ${shown(id)}`);
  if (text === '') throw noId('it is empty');
  if (Buffer.byteLength(text) > MOST_ID_BYTES) throw noId(`it has more than ${MOST_ID_BYTES} bytes`);
  if (text.includes('\0') || !text.isWellFormed()) throw noId('it holds a NUL character or half of a surrogate pair');
  return text;
}

function extracted(source: WebhookSource, scope: Scope, request: WebhookRequest): Json | typeof ABSENT {
  try {
    return source.dedupe(scope, request);
  } catch (error) {
    if (error instanceof StepFault) throw noId(error.message);
    throw error;
  }
}

function noId(why: string): SluiceError {
  return new SluiceError(
    'VALIDATION_FAILED',
    `The message has no id to accept it once by ("dedupe" of the source): ${why}.`,
  );
}

function shown(value: Json | typeof ABSENT): string {
  return value === ABSENT || value === null ? 'missing' : shownText(JSON.stringify(value));
}

/** Trouble with the store that passes: the sender tries again. */
async function orTold<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    if (error.fault === 'unavailable')
      throw new SluiceError(
        'UNAVAILABLE',
        'The operational store cannot be reached. Send the message again in a moment.',
        { cause: error, retryAfter: 2 },
      );
    if (error.fault === 'incompatible')
      throw new SluiceError('UNAVAILABLE', error.message, { cause: error, retryAfter: 60 });
    throw error;
  }
}
