import type { Json, JsonObject } from '../json.ts';
import type { NewRun } from '../runs.ts';
import type { RecordedAnswer, IdempotencyClaim } from './idempotency.ts';
import type { Page, PageRequest } from './page.ts';

export const QUESTION_TYPES = [
  'text',
  'longText',
  'email',
  'phone',
  'number',
  'integer',
  'boolean',
  'date',
  'choice',
  'multiChoice',
  'url',
] as const;
export type QuestionType = (typeof QUESTION_TYPES)[number];

export interface Question {
  readonly key: string;
  readonly title: string;
  readonly type: QuestionType;
  readonly required: boolean;
  /** What may be chosen; `choice` and `multiChoice` only. */
  readonly options?: readonly string[];
}

export interface Form {
  readonly tenantId: string;
  readonly id: string;
  readonly title: string;
  readonly questions: readonly Question[];
  readonly published: boolean;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface FormStore {
  insert(form: Form): Promise<void>;
  find(tenantId: string, id: string): Promise<Form | undefined>;
  /** The form and a lock on it, so that no action is attached while its questions change. */
  lock(tenantId: string, id: string): Promise<Form | undefined>;
  list(tenantId: string, page: PageRequest): Promise<Page<Form>>;
  /** Throws CONFLICT where another change came first. */
  update(form: Form): Promise<Form>;
  /** Its responses and actions go too. */
  delete(tenantId: string, id: string): Promise<void>;
}

export interface FormResponse {
  readonly tenantId: string;
  readonly id: string;
  readonly formId: string;
  readonly answers: JsonObject;
  readonly createdAt: Date;
}

/** A response to be, with all that commits in one transaction with it. */
export interface NewResponse extends FormResponse {
  readonly runs: readonly NewRun[];
  /** The key it was sent under, and the answer that a repetition gets. */
  readonly idempotency?: IdempotencyClaim & RecordedAnswer;
}

export interface ResponseStore {
  find(tenantId: string, formId: string, id: string): Promise<FormResponse | undefined>;
  list(tenantId: string, formId: string, filter: JsonObject, page: PageRequest): Promise<Page<FormResponse>>;
  /** The runs that each of these responses set off. */
  runsOf(tenantId: string, responseIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
}

/**
 * What became of a submission: written, or not because its idempotency key was there before.
 */
export type CommitOutcome =
  | { readonly written: true }
  | { readonly written: false; readonly before: RecordedAnswer & { readonly bodyHash: Buffer } };

export interface ResponseLog {
  /**
   * Writes responses of any tenants, their runs and their idempotency keys in one transaction. Throws where one of
   * them cannot be written; then none is.
   */
  commit(responses: readonly NewResponse[]): Promise<readonly CommitOutcome[]>;
}

/** Trigger -> action. A form's actions have source `form.response` and the form's id as source id. */
export interface Automation {
  readonly tenantId: string;
  readonly id: string;
  readonly source: string;
  readonly sourceId: string;
  readonly definition: string;
  readonly action: string;
  readonly connectionId: string | undefined;
  /** A tree of templates over the event. */
  readonly input: JsonObject;
  readonly condition: Json | undefined;
  readonly enabled: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface AutomationStore {
  insert(automation: Automation): Promise<void>;
  find(tenantId: string, id: string): Promise<Automation | undefined>;
  bySource(tenantId: string, source: string, sourceId: string): Promise<readonly Automation[]>;
  byConnection(tenantId: string, connectionId: string): Promise<readonly Automation[]>;
  update(automation: Automation): Promise<Automation>;
  delete(tenantId: string, id: string): Promise<void>;
}
