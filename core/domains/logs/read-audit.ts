import type { Clock } from '../../kernel/clock.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { UnitOfWork } from '../../kernel/stores/stores.ts';
import { audit } from '../audit/record.ts';
import type { Caller } from '../keys/caller.ts';

/** How logs are read. */
export type ReadKind = 'query' | 'search' | 'analytics' | 'export' | 'tail';

/** Ms within which reads of one kind by one key are one event. */
const HOUR = 3_600_000;
const MOST_KEYS = 10_000;

/** What is told of a text somebody looked for, in characters. */
const LONGEST = 1000;

/**
 * Records that owners and admins read logs, before they do. Each read by a person is an event, with what was asked. Programs read
 * all day by keys: theirs are one event an hour, for each key, kind and family, and process.
 */
export class ReadAudit {
  readonly #work: UnitOfWork;
  readonly #clock: Clock;
  readonly #told = new Map<string, number>();

  constructor({ work, clock }: { readonly work: UnitOfWork; readonly clock: Clock }) {
    this.#work = work;
    this.#clock = clock;
  }

  /** @param family undefined where the query names its families itself */
  async note(caller: Caller, kind: ReadKind, family: string | undefined, asked: JsonObject): Promise<void> {
    if (caller.kind !== 'tenant' || (caller.role !== 'owner' && caller.role !== 'admin')) return;
    const { tenantId, actor } = caller;
    const isPerson = actor.startsWith('user:');
    const name = `${tenantId} ${actor} ${kind} ${family ?? ''}`;
    if (!isPerson && this.#wasTold(name)) return;
    const subject = family === undefined ? 'logs' : `logFamily:${family}`;
    await this.#work.within([tenantId], (stores) =>
      audit(stores, { tenantId, actor }, `logs.${kind}`, subject, isPerson ? shortened(asked) : undefined),
    );
    if (!isPerson) this.#remember(name);
  }

  #wasTold(name: string): boolean {
    const until = this.#told.get(name);
    return until !== undefined && until > this.#clock.now();
  }

  #remember(name: string): void {
    if (this.#told.size >= MOST_KEYS) this.#told.clear();
    this.#told.set(name, this.#clock.now() + HOUR);
  }
}

function shortened(asked: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(asked).map(([key, value]) => [
      key,
      typeof value === 'string'
        ? storable(value.length > LONGEST ? `${value.slice(0, LONGEST)}...` : value)
        : value,
    ]),
  );
}

/** jsonb holds neither U+0000 nor half of a surrogate pair. */
function storable(text: string): string {
  return text.replace(/\0|\p{Surrogate}/gu, '\ufffd');
}
