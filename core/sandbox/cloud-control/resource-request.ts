import type { JsonObject } from '../../kernel/json.ts';
import type { Fault } from '../faults.ts';
import type { HandlerErrorCode } from './errors.ts';
import type { ResourceType } from './types/index.ts';

export const OPERATION_STATUSES = [
  'PENDING',
  'IN_PROGRESS',
  'SUCCESS',
  'FAILED',
  'CANCEL_IN_PROGRESS',
  'CANCEL_COMPLETE',
] as const;
export type OperationStatus = (typeof OPERATION_STATUSES)[number];

export const OPERATIONS = ['CREATE', 'DELETE', 'UPDATE'] as const;

/** What a caller asks for. */
export interface Order {
  readonly operation: (typeof OPERATIONS)[number];
  readonly type: ResourceType;
  readonly region: string;
  /** Unknown until the cloud has chosen one. */
  readonly identifier: string | undefined;
  /** Gives the whole model, as it is to become, or refuses; asked where the order is a new one. */
  readonly model?: () => JsonObject;
  readonly clientToken: string | undefined;
  /** Text that is the same for the same request and another one for another. */
  readonly fingerprint: string;
}

/** An order that was accepted, and how far it is. Times in ms since the epoch. */
export interface ResourceRequest extends Omit<Order, 'identifier' | 'model'> {
  readonly token: string;
  readonly acceptedAt: number;
  readonly durationMs: number;
  readonly desired: JsonObject | undefined;
  /** What was scripted to become of it. */
  readonly fate: Fault | undefined;
  identifier: string | undefined;
  status: OperationStatus;
  /** When the status changed last. */
  eventAt: number;
  message?: string;
  code?: HandlerErrorCode;
  /** What happens to it next; nothing where it has ended, or hangs. */
  next: { readonly at: number; readonly step: 'begin' | 'end' | 'cancelled' } | undefined;
}
