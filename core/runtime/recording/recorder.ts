import type { Clock } from '../../kernel/clock.ts';
import { StepFault } from '../../kernel/errors.ts';
import type { Answer, Failure, HttpClient, OutgoingRequest } from '../../kernel/http.ts';
import type { StepType } from '../../kernel/plugin.ts';
import type { TestReply } from '../../language/definition-test.ts';

/** A request and what came of it. */
export interface Sent {
  /** Whose request it is: a step's, or an auth scheme's to its token endpoint. */
  readonly by: 'step' | 'scheme';
  readonly request: OutgoingRequest;
  /** True where its host came out of a tenant's value. */
  readonly guarded: boolean;
  readonly result: Answer | Failure;
  /** When the result was there, in ms since the epoch. */
  readonly at: number;
}

/** A step type that was run, and what it gave. */
export interface Used {
  readonly reply: TestReply;
}

export type Heard = Sent | Used;

/** Hears what a run exchanges with the world, in order. */
export class Recorder {
  readonly heard: Heard[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The same way out, overheard. */
  client<T extends HttpClient>(client: T, by: Sent['by']): T {
    const send: HttpClient['send'] = async (request, how) => {
      const result = await client.send(request, how);
      this.heard.push({ by, request, guarded: how.guarded, result, at: this.#clock.now() });
      return result;
    };
    return { ...client, send };
  }

  stepTypes(lookup: (name: string) => StepType | undefined): (name: string) => StepType | undefined {
    return (name) => {
      const type = lookup(name);
      return type && { ...type, run: (config, context) => this.#used(type.run(config, context)) };
    };
  }

  async #used<T extends TestReply['json']>(run: Promise<T>): Promise<T> {
    try {
      const json = await run;
      this.heard.push({ reply: { json: json ?? null } });
      return json;
    } catch (error) {
      this.heard.push({ reply: replyOfFault(error) });
      throw error;
    }
  }
}

function replyOfFault(error: unknown): TestReply {
  if (!(error instanceof StepFault)) return { fault: 'reset' };
  const { kind, message, code } = error;
  return { error: { kind, message, ...(code === undefined ? {} : { code }) } };
}
