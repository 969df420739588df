import { invalidBody, SluiceError } from '../../kernel/errors.ts';
import type { LogColumn } from '../../kernel/logs.ts';
import type { LogDirectory, LogFamily } from '../../kernel/stores/logs.ts';
import type { IdempotencyClaim } from '../../kernel/stores/idempotency.ts';
import { inProgress } from '../forms/submit.ts';
import { newColumns } from './columns.ts';
import type { FamilyCache } from './family-cache.ts';
import { checkCase, homeOf, isComplete, type Growth } from './growth.ts';
import type { Lanes, Written } from './lanes.ts';
import type { Meter } from './meter.ts';
import { readLogRequest } from './request.ts';
import { rowsOf, type Rows } from './rows.ts';
import type { Shards } from './shards.ts';

/** How often a family may move while one request is being written. */
const MOVES = 3;

export interface IntakeDeps {
  readonly cache: FamilyCache;
  readonly growth: Growth;
  readonly lanes: Lanes;
  readonly shards: Shards;
  readonly meter: Meter;
  readonly directory: LogDirectory;
}

/** A request as it came: its parsed body, how many bytes that had, and the key it was sent under. */
export interface Incoming {
  readonly body: unknown;
  readonly bytes: number;
  readonly claim?: IdempotencyClaim | undefined;
}

/** Takes events: checked, their family made to fit, written whole or not at all, and on disk when it answers. */
export class Intake {
  readonly #deps: IntakeDeps;
  /** Keys on their way to a shard in this process. */
  readonly #inFlight = new Set<string>();

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
  }

  /**
   * @returns whether the same request was taken before, under its key
   * @throws SluiceError VALIDATION_FAILED, CONFLICT, IDEMPOTENCY_MISMATCH, IDEMPOTENCY_IN_PROGRESS, RATE_LIMITED, UNAVAILABLE
   */
  async take(tenantId: string, { body, bytes, claim }: Incoming): Promise<{ readonly repeated: boolean }> {
    const { family: name, schema, logs } = readLogRequest(body);
    const known = await this.#deps.cache.get(tenantId, name);
    let columns = declared(known, name, schema);
    let rows: Rows;
    try {
      rows = rowsOf(name, logs, columns);
    } catch (error) {
      // A column that another process added since is not known here yet.
      const fresh = known && (await this.#deps.cache.read(tenantId, name));
      if (!fresh || fresh.version === known.version) throw error;
      columns = declared(fresh, name, schema);
      rows = rowsOf(name, logs, columns);
    }
    const allowed = this.#deps.meter.allow(tenantId, { events: logs.length, bytes });
    if (allowed) await allowed;
    // What is refused up to here, or by the growth, leaves the key free.
    const family = await this.#grown(tenantId, name, schema, rows);
    const write = (): Promise<Written> => this.#write(tenantId, family, rows, claim);
    const written = await (claim ? this.#underKey(tenantId, claim, write) : write());
    if (written.state === 'repeated') return repetition(claim!, written.bodyHash);
    this.#deps.meter.record(tenantId, { events: logs.length, bytes });
    return { repeated: false };
  }

  /** The family with the columns of the schema; as a rule it has them. */
  #grown(
    tenantId: string,
    name: string,
    schema: readonly LogColumn[],
    rows: Rows,
  ): LogFamily | Promise<LogFamily> {
    const { cache, growth } = this.#deps;
    const known = cache.kept(tenantId, name);
    if (known && isComplete(known, schema)) return known;
    return growth.grow(tenantId, name, schema, (shard) => this.#checkNuls(shard, rows));
  }

  async #write(
    tenantId: string,
    start: LogFamily,
    rows: Rows,
    claim: IdempotencyClaim | undefined,
  ): Promise<Written> {
    const key = claim && { key: claim.key, bodyHash: hashOf(claim) };
    if (rows.rows.length === 0 && !key) return { state: 'written' };
    let family = start;
    for (let move = 0; move <= MOVES; move++) {
      const { shard, epoch } = homeOf(family);
      if (rows.nuls.length > 0) await this.#checkNuls(shard, rows);
      const written = await this.#deps.lanes.write(tenantId, shard, {
        ...rows,
        family: family.name,
        epoch,
        forwarded: family.forwarded,
        key,
      });
      if (written.state !== 'fenced') return written;
      family = (await this.#deps.cache.read(tenantId, family.name)) ?? family;
    }
    throw new SluiceError(
      'UNAVAILABLE',
      `The family "${family.name}" is being moved. Try again in a moment.`,
      { retryAfter: 1 },
    );
  }

  async #checkNuls(shard: string, { nuls }: Rows): Promise<void> {
    if (nuls.length === 0) return;
    const { capabilities } = await this.#deps.shards.open(shard);
    if (!capabilities.textNul) throw invalidBody(nuls);
  }

  /** One at a time a key in this process; and one body a key, on whatever shards the tenant is. */
  async #underKey(
    tenantId: string,
    claim: IdempotencyClaim,
    write: () => Promise<Written>,
  ): Promise<Written> {
    const name = `${tenantId} ${claim.key}`;
    if (this.#inFlight.has(name)) throw inProgress(claim.key);
    this.#inFlight.add(name);
    try {
      const bodyHash = await this.#deps.directory.claimKey(tenantId, claim.key, hashOf(claim));
      if (bodyHash !== hashOf(claim)) return { state: 'repeated', bodyHash };
      return await write();
    } finally {
      this.#inFlight.delete(name);
    }
  }
}

/** The columns of the family and those that the schema adds to them. */
function declared(
  family: LogFamily | undefined,
  name: string,
  schema: readonly LogColumn[],
): readonly LogColumn[] {
  if (family) checkCase(family, name);
  const known = family?.columns ?? [];
  const added = newColumns(name, known, schema);
  // As a rule there are none, and the list itself is handed on: others remember what they made of it.
  return added.length === 0 ? known : [...known, ...added];
}

function repetition({ key, bodyHash }: IdempotencyClaim, before: string): { readonly repeated: boolean } {
  if (bodyHash.toString('hex') === before) return { repeated: true };
  throw new SluiceError(
    'IDEMPOTENCY_MISMATCH',
    `The Idempotency-Key "${key}" was used for another body within the last 24 hours. Take a new key for a new request.`,
  );
}

function hashOf({ bodyHash }: IdempotencyClaim): string {
  return bodyHash.toString('hex');
}
