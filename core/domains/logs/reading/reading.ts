import type { Clock } from '../../../kernel/clock.ts';
import type { QueryLimits } from '../../../kernel/logs.ts';
import type { LogFamily } from '../../../kernel/stores/logs.ts';
import { Admission } from '../admission.ts';
import type { Meter } from '../meter.ts';
import type { Shards } from '../shards.ts';
import { analytics, type Analytics, type Chart } from './analytics.ts';
import { exportText, type Exporting } from './export.ts';
import { FamilyHome } from './family-home.ts';
import { search, type Search } from './search.ts';
import { extentOf, msOf } from './windows.ts';

export interface ReadingDeps {
  readonly shards: Shards;
  readonly meter: Meter;
  readonly clock: Clock;
  readonly limits: QueryLimits;
}

/** Under way at a time. An export takes long and holds two chunks. */
const READS = { tenantRequests: 16, requests: 64, tenantBytes: Infinity, bytes: Infinity };
const EXPORTS = { tenantRequests: 4, requests: 16, tenantBytes: Infinity, bytes: Infinity };

/** Reads events without SQL. Every method counts as a query. `signal` aborts when nobody waits for the answer any more. */
export class Reading {
  readonly #deps: ReadingDeps;
  readonly #reads = new Admission(READS);
  readonly #exports = new Admission(EXPORTS);

  constructor(deps: ReadingDeps) {
    this.#deps = deps;
  }

  /**
   * @returns JSON text, see `search`
   * @throws SluiceError VALIDATION_FAILED, query_too_complex, QUERY_TIMEOUT, RESULT_TOO_LARGE, RATE_LIMITED, UNAVAILABLE
   */
  search(family: LogFamily, asked: Search, signal: AbortSignal): Promise<string> {
    return this.#read(family, (home) => search(home, this.#deps.clock, asked, signal));
  }

  /** @throws SluiceError as `search` does */
  analytics(family: LogFamily, asked: Analytics, signal: AbortSignal): Promise<Chart> {
    return this.#read(family, (home) => analytics(home, this.#deps.clock, asked, signal));
  }

  /**
   * Begins an export: what is wrong at the beginning is thrown here, what goes wrong later by the texts. Its place is given
   * back when they end, and when `signal` aborts.
   * @throws SluiceError as `search` does
   */
  async export(family: LogFamily, asked: Exporting, signal: AbortSignal): Promise<AsyncIterable<string>> {
    const { shards, meter, limits } = this.#deps;
    const place = this.#exports.admit(family.tenantId);
    signal.addEventListener('abort', () => place.release(), { once: true });
    let home: FamilyHome | undefined;
    try {
      await meter.allow(family.tenantId, { queries: 1 });
      home = await FamilyHome.find(shards, family, limits);
      const texts = exportText(home, asked, signal);
      const first = await texts.next();
      meter.record(family.tenantId, { queries: 1 });
      return begun(home, first, texts, () => place.release());
    } catch (error) {
      place.release();
      throw home ? home.explained(error) : error;
    }
  }

  /** Receipt of the oldest event, ms since the epoch; undefined where there is none. For the platform: it counts as nothing. */
  async oldest(family: LogFamily): Promise<number | undefined> {
    const home = await FamilyHome.find(this.#deps.shards, family, this.#deps.limits);
    const extent = await extentOf(home, new AbortController().signal);
    return extent && msOf(extent.times[0]);
  }

  async #read<T>(family: LogFamily, read: (home: FamilyHome) => Promise<T>): Promise<T> {
    const { shards, meter, limits } = this.#deps;
    const place = this.#reads.admit(family.tenantId);
    try {
      await meter.allow(family.tenantId, { queries: 1 });
      const home = await FamilyHome.find(shards, family, limits);
      const answer = await read(home).catch((error: unknown) => {
        throw home.explained(error);
      });
      meter.record(family.tenantId, { queries: 1 });
      return answer;
    } finally {
      place.release();
    }
  }
}

async function* begun(
  home: FamilyHome,
  first: IteratorResult<string, void>,
  others: AsyncGenerator<string, void, undefined>,
  end: () => void,
): AsyncGenerator<string, void, undefined> {
  try {
    if (first.done) return;
    yield first.value;
    yield* others;
  } catch (error) {
    throw home.explained(error);
  } finally {
    end();
  }
}
