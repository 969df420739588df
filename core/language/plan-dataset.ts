import type { Column } from '../kernel/columns.ts';
import type { CsvSource, DatasetModel, DatasetSchedule, DatasetTable, WarehouseTable } from '../kernel/datasets.ts';
import type { Json } from '../kernel/json.ts';
import type { ABSENT, Evaluator, Scope } from './evaluator.ts';

/** A webhook's request as templates see it, under `request`. */
export interface WebhookRequest {
  readonly url: string;
  readonly query: Readonly<Record<string, Json>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decoded; null where it is no JSON. */
  readonly body: Json;
  readonly rawBody: string;
}

/** What a message must prove. Evaluators see `request`, and `connection` for the secret. */
export type SignaturePlan =
  /** standardwebhooks.com: the headers webhook-id, webhook-timestamp and webhook-signature. */
  | { readonly scheme: 'standard-webhooks'; readonly secret: Evaluator; readonly toleranceMs: number }
  | {
      readonly scheme: 'hmac-sha1' | 'hmac-sha256' | 'hmac-sha512' | 'ed25519' | 'plain';
      readonly secret: Evaluator;
      /** One signature or a list; one that fits suffices. */
      readonly value: Evaluator;
      readonly encoding: 'hex' | 'base64';
      readonly signedContent: Evaluator;
      /** Unix seconds, or RFC 3339. Undefined: the message does not say when it was sent. */
      readonly timestamp?: Evaluator;
      readonly toleranceMs: number;
    };

/** Takes one value out of a message; a miss is absent. The scope holds `request`. */
export type MessageExtractor = (scope: Scope, request: WebhookRequest) => Json | typeof ABSENT;

/** Messages, one row each. */
export interface WebhookSource {
  readonly kind: 'webhook';
  readonly name: string;
  readonly columns: readonly Column[];
  readonly signature: SignaturePlan;
  /** The message's id: it is accepted once. */
  readonly dedupe: MessageExtractor;
  /** By column. One that is not here, or is absent, is null. */
  readonly event: Readonly<Record<string, MessageExtractor>>;
}

export type DatasetSource = CsvSource | WebhookSource;

/** What a `kind: dataset` says. Lists are in the order of the file unless they say otherwise. */
export interface DatasetPlan {
  /** Of the schedule, and of the day a night is about. */
  readonly timezone: string;
  readonly sources: readonly DatasetSource[];
  /** Each behind those it refers to. */
  readonly tables: readonly DatasetTable[];
  readonly warehouse: readonly WarehouseTable[];
  /** Each behind those it depends on. */
  readonly models: readonly DatasetModel[];
  readonly schedule?: DatasetSchedule;
}
