import type { JsonObject } from '../../kernel/json.ts';
import type { TestExchange } from '../../language/definition-test.ts';
import type { ArrivedRequest } from './matching.ts';
import { show } from './difference.ts';

/** What a run asked for: a request as it arrived, or the run of a step type. */
export type Asked = ArrivedRequest | { readonly use: string; readonly with: JsonObject };

/** What happens to the test as a whole when an exchange says so. */
interface Handlers {
  /** A reply is to come too late. */
  readonly timeout: () => void;
  /** The first surprise: what follows it means nothing. */
  readonly failure: () => void;
  /** Hears all that is asked for, before it is compared. */
  readonly asked?: ((what: Asked) => void) | undefined;
}

/** The exchanges of one test, in their order, whoever asks: requests and step types take from the same list. */
export class ExchangeScript {
  readonly #left: TestExchange[];
  readonly #on: Handlers;
  readonly #failures: string[] = [];
  #used = 0;

  constructor(exchanges: readonly TestExchange[], on: Handlers) {
    this.#left = exchanges.flatMap((exchange) => Array.from({ length: exchange.times ?? 1 }, () => exchange));
    this.#on = on;
  }

  /**
   * The exchange that comes next, where it is the one that was asked for.
   * @param compare says why it is not the expected one; empty where it is
   */
  take(what: Asked, compare: (exchange: TestExchange) => readonly string[]): TestExchange | undefined {
    this.#on.asked?.(what);
    const next = this.#left.shift();
    this.#used += 1;
    const wrong = next ? compare(next) : ['no further request was expected'];
    if (next && wrong.length === 0) return next;
    const list = wrong.map((text) => `\n    ${text}`).join('');
    this.#failures.push(`request ${this.#used}, ${described(what)}, is not the one expected:${list}`);
    this.#on.failure();
    return undefined;
  }

  timeout(): void {
    this.#on.timeout();
  }

  /** What went wrong, exchanges that nobody asked for included. */
  failures(): readonly string[] {
    const [unused] = this.#left;
    if (!unused || this.#failures.length > 0) return this.#failures;
    const all = this.#used + this.#left.length;
    return [
      `${this.#left.length} of ${all} exchanges were not used, the first of them exchange ${this.#used + 1}: ${JSON.stringify(unused.expect ?? {})}`,
    ];
  }
}

/** For people: `POST api.example.com/items`. */
function described(what: Asked): string {
  if ('use' in what) return `use ${what.use} with ${show(what.with)}`;
  return `${what.method} ${what.headers.host ?? ''}${what.target}`;
}
