import { Coalescer } from '../../kernel/coalescer.ts';
import { notFound, SluiceError } from '../../kernel/errors.ts';
import { uuid7 } from '../../kernel/ids.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { FormResponse, NewResponse, ResponseLog, CommitOutcome } from '../../kernel/stores/forms.ts';
import type { IdempotencyClaim, RecordedAnswer } from '../../kernel/stores/idempotency.ts';
import type { CompiledForm } from './form-cache.ts';

/** A response that was written, and the runs it set off. */
export interface Submitted {
  readonly response: FormResponse;
  readonly runs: readonly string[];
}

/** What a repetition under the same Idempotency-Key gets. */
export type Submission = { readonly submitted: Submitted } | { readonly repeated: RecordedAnswer };

const BATCH = 256;
/** One commits while the other is being written. */
const PARALLEL = 2;

/**
 * Takes responses: checked, then written together with their runs and their idempotency keys. Those of one turn of the event
 * loop, of all forms and tenants, share one transaction.
 */
export class Submissions {
  readonly #queue: Coalescer<NewResponse, CommitOutcome>;
  /** Keys on their way to the database in this process. */
  readonly #inFlight = new Set<string>();

  constructor(log: ResponseLog) {
    this.#queue = new Coalescer((batch) => log.commit(batch), {
      max: BATCH,
      parallel: PARALLEL,
      isItemsFault,
    });
  }

  /**
   * @param idempotency the key it was sent under, and how the answer reads that a repetition is to get
   * @throws SluiceError VALIDATION_FAILED, IDEMPOTENCY_MISMATCH, IDEMPOTENCY_IN_PROGRESS, NOT_FOUND
   */
  async submit(
    { form, check, actions }: CompiledForm,
    given: JsonObject,
    idempotency?: {
      readonly claim: IdempotencyClaim;
      readonly answer: (submitted: Submitted) => RecordedAnswer;
    },
  ): Promise<Submission> {
    const { answers, violations } = check(given);
    if (violations.length > 0) {
      const others = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
      throw new SluiceError('VALIDATION_FAILED', `${violations[0]!.message}${others}`, {
        errors: violations,
      });
    }
    const createdAt = new Date();
    const response: FormResponse = {
      tenantId: form.tenantId,
      id: uuid7(createdAt.getTime()),
      formId: form.id,
      answers,
      createdAt,
    };
    const runs = actions.flatMap((action) => action.runFor(form, response) ?? []);
    const submitted = { response, runs: runs.map((run) => run.id) };
    if (!idempotency) {
      await this.#commit({ ...response, runs });
      return { submitted };
    }
    const { claim, answer } = idempotency;
    return this.#underKey(form.tenantId, claim, async () => {
      const outcome = await this.#commit({
        ...response,
        runs,
        idempotency: { ...claim, ...answer(submitted) },
      });
      return outcome.written ? { submitted } : { repeated: repetition(claim, outcome.before) };
    });
  }

  async #commit(response: NewResponse): Promise<CommitOutcome> {
    try {
      return await this.#queue.add(response);
    } catch (error) {
      // The form went away between the check and the commit.
      if (sqlState(error) === '23503') throw notFound('form');
      throw error;
    }
  }

  /** Two that are under way with one key never share a batch. */
  async #underKey<T>(tenantId: string, { route, key }: IdempotencyClaim, work: () => Promise<T>): Promise<T> {
    const name = JSON.stringify([tenantId, route, key]);
    if (this.#inFlight.has(name)) throw inProgress(key);
    this.#inFlight.add(name);
    try {
      return await work();
    } finally {
      this.#inFlight.delete(name);
    }
  }
}

/** The first answer again, for the same body only. */
export function repetition(
  claim: IdempotencyClaim,
  before: RecordedAnswer & { readonly bodyHash: Buffer },
): RecordedAnswer {
  if (before.bodyHash.equals(claim.bodyHash)) return before;
  throw new SluiceError(
    'IDEMPOTENCY_MISMATCH',
    `The Idempotency-Key "${claim.key}" was used for another body within the last 24 hours. Take a new key for a new request.`,
  );
}

export function inProgress(key: string): SluiceError {
  return new SluiceError(
    'IDEMPOTENCY_IN_PROGRESS',
    `A request with the Idempotency-Key "${key}" is still under way. Ask again when it has been answered.`,
  );
}

/** SQLSTATE classes 22 (data) and 23 (integrity): one of the rows, not the database, is at fault. */
function isItemsFault(error: unknown): boolean {
  return /^2[23]/.test(sqlState(error) ?? '');
}

function sqlState(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
