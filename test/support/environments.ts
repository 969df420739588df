import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDatabase } from './database.ts';
import { newPlace } from './deliveries.ts';
import { PROVIDER_ORIGIN } from './provider.ts';
import { eventually, type Called, type SluiceProcess } from './sluice-process.ts';

/** What the processes of one platform share: a database, and a folder with definitions. */
export interface Estate {
  readonly env: Readonly<Record<string, string>>;
  readonly databaseUrl: string;
  /** Writes a definition over the one of that name; processes that start from now on serve it. */
  define(name: string, yaml: string): Promise<void>;
  remove(): Promise<void>;
}

/**
 * @param definitions by file name, without its ending
 * @param endpoints where the origins of the definitions really are
 */
export async function newEstate(
  definitions: Readonly<Record<string, string>>,
  endpoints: Readonly<Record<string, string>>,
): Promise<Estate> {
  const [[id, text] = ['', ''], ...others] = Object.entries(definitions);
  const place = await newPlace('', { id, text, origin: PROVIDER_ORIGIN });
  const define = (name: string, yaml: string): Promise<void> => writeFile(join(place.folder, `${name}.yaml`), yaml);
  for (const [name, yaml] of others) await define(name, yaml);
  const database = await createDatabase();
  return {
    env: { ...place.env, SLUICE_ENDPOINTS: JSON.stringify(endpoints), SLUICE_DATABASE_URL: database.url },
    databaseUrl: database.url,
    define,
    async remove() {
      await place.remove();
      await database.drop();
    },
  };
}

/** An environment as its creation was answered. */
export interface Begun {
  readonly id: string;
  /** Id of the operation. */
  readonly operation: string;
}

export interface Calling {
  /** Another process than usual. */
  readonly through?: SluiceProcess;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A tenant who has compute environments, through the API of whichever process is there. */
export class EnvironmentOwner {
  readonly #key: string;
  #sluice: SluiceProcess;
  #names = 0;

  private constructor(sluice: SluiceProcess, key: string) {
    this.#sluice = sluice;
    this.#key = key;
  }

  static async open(sluice: SluiceProcess): Promise<EnvironmentOwner> {
    const { status, body } = await sluice.call('POST', '/v1/tenants', { name: 'Acme' });
    if (status !== 201) throw new Error(`/v1/tenants answered ${status}: ${JSON.stringify(body)}`);
    return new EnvironmentOwner(sluice, body.apiKey as string);
  }

  /** From now on through another process. */
  through(sluice: SluiceProcess): void {
    this.#sluice = sluice;
  }

  call(method: string, path: string, body?: unknown, how: Calling = {}): Promise<Called> {
    const { through = this.#sluice, headers } = how;
    return through.call(method, path, body, this.#key, headers);
  }

  async create(provisioner = 'vendor', more: object = {}): Promise<Begun> {
    const wanted = { name: `environment ${++this.#names}`, provisioner, input: {}, ...more };
    return begun(await this.call('POST', '/v1/compute-environments', wanted));
  }

  async delete({ id }: { readonly id: string }): Promise<Begun> {
    return begun(await this.call('DELETE', `/v1/compute-environments/${id}`));
  }

  async environment({ id }: { readonly id: string }): Promise<Called['body']> {
    return (await this.call('GET', `/v1/compute-environments/${id}`)).body;
  }

  async operation({ operation }: Pick<Begun, 'operation'>): Promise<Called['body']> {
    return (await this.call('GET', `/v1/operations/${operation}`)).body;
  }

  /** `:cancel` or `:retry`. */
  act({ operation }: Pick<Begun, 'operation'>, verb: 'cancel' | 'retry'): Promise<Called> {
    return this.call('POST', `/v1/operations/${operation}:${verb}`);
  }

  /** The operation once it is in one of these states. Throws where it has ended otherwise. */
  becomes(of: Pick<Begun, 'operation'>, ...states: string[]): Promise<Called['body']> {
    return eventually(`operation ${of.operation} becomes ${states.join(' or ')}`, async () => {
      const found = await this.operation(of);
      if (states.includes(found.state)) return found;
      if (!ENDED.includes(found.state)) return undefined;
      throw new Error(`The operation ended ${found.state}: ${JSON.stringify(found.error)}`);
    });
  }

  /** Both states: the operation's, and that of its environment. */
  async states(of: Begun): Promise<[string, string]> {
    return [(await this.operation(of)).state, (await this.environment(of)).state];
  }
}

const ENDED = ['SUCCEEDED', 'FAILED', 'CANCELLED'];

function begun({ status, body }: Called): Begun {
  if (status !== 202) throw new Error(`It was answered ${status}: ${JSON.stringify(body)}`);
  return { id: body.id as string, operation: body.operation.id as string };
}

/** What a trace says of a step, an attempt a line: state, status and rule. */
export function attemptsOf(operation: Called['body'], step: string): string[] {
  const rows = operation.steps as { step: string; state: string; status: number | null; rule: string | null }[];
  return rows
    .filter((row) => row.step === step)
    .map(({ state, status, rule }) => [state, status, rule].filter((part) => part !== null).join(' '));
}
