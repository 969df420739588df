/** What a request with an Idempotency-Key claims: this key, on this route, for this body. */
export interface IdempotencyClaim {
  readonly route: string;
  readonly key: string;
  readonly bodyHash: Buffer;
}

/** The first answer, as it is given again. `body` is JSON text. */
export interface RecordedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The tenant under which the operator's own keys are kept. */
export const OPERATOR = '00000000-0000-0000-0000-000000000000';

export interface IdempotencyStore {
  /**
   * Takes the key until the transaction ends. `busy`: another request with the key is under way. `taken` carries what
   * was answered within the last 24 hours.
   */
  claim(
    tenantId: string,
    claim: IdempotencyClaim,
  ): Promise<'free' | 'busy' | (RecordedAnswer & { readonly bodyHash: Buffer })>;
  record(tenantId: string, claim: IdempotencyClaim, answer: RecordedAnswer): Promise<void>;
}
