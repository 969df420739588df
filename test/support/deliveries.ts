import { mkdtemp, chmod, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, type SluiceProcess } from './sluice-process.ts';
import type { Vendor, VendorRequest } from './vendor.ts';

const ORIGIN = 'https://api.deliveries.test';

const DEFINITION = `
apiVersion: sluice/v1
kind: integration
id: deliveries
version: 1.0.0
title: Deliveries
baseUrl: ${ORIGIN}
connection:
  type: object
  required: [token]
  properties: { token: { type: string, secret: true, title: Token } }
auth: { bearer: { token: "{{ connection.token }}" } }
actions:
  keyed:
    title: Deliver under a key
    input: { type: object, required: [n], properties: { n: { type: integer } } }
    steps:
      - id: send
        request: { method: POST, path: /keyed, json: { n: "{{ input.n }}" } }
        idempotency: { mode: header, header: Idempotency-Key }
  once:
    title: Deliver once
    input: { type: object, required: [n], properties: { n: { type: integer } } }
    steps:
      - id: send
        request: { method: POST, path: /once, json: { n: "{{ input.n }}" } }
        idempotency: { mode: once }
`;

export const TOKEN = 'token-that-must-stay-secret';

/** A folder of its own for a server's data and definitions, and the settings that name it. */
export interface Place {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

export async function newPlace(vendorOrigin: string, definition: { id: string; text: string; origin: string } = { id: 'deliveries', text: DEFINITION, origin: ORIGIN }): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
  // As root the database runs as another user, who must be able to pass.
  await chmod(folder, 0o711);
  await writeFile(join(folder, `${definition.id}.yaml`), definition.text);
  return {
    folder,
    env: {
      SLUICE_DATA_DIR: join(folder, 'data'),
      SLUICE_DEFINITIONS: folder,
      SLUICE_ENDPOINTS: JSON.stringify({ [definition.origin]: vendorOrigin }),
    },
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }),
  };
}

/** A tenant whose form sets off both actions with each response. */
export interface Shop {
  readonly apiKey: string;
  readonly formId: string;
}

export async function openShop(sluice: SluiceProcess): Promise<Shop> {
  const made = async (path: string, body: unknown, key?: string) => {
    const { status, body: answer } = await sluice.call('POST', path, body, key);
    if (status !== 201) throw new Error(`${path} answered ${status}: ${JSON.stringify(answer)}`);
    return answer as Record<string, string>;
  };
  const { apiKey } = await made('/v1/tenants', { name: 'Shop' });
  const connection = await made('/v1/connections', { definition: 'deliveries', name: 'main', config: { token: TOKEN } }, apiKey);
  const questions = [{ key: 'n', title: 'Number', type: 'integer', required: true }];
  const form = await made('/v1/forms', { title: 'Orders', questions }, apiKey);
  for (const action of ['keyed', 'once']) {
    const attached = { definition: 'deliveries', action, connectionId: connection['id'], input: { n: '{{ event.answers.n }}' } };
    await made(`/v1/forms/${form['id']}/actions`, attached, apiKey);
  }
  return { apiKey: apiKey!, formId: form['id']! };
}

export async function submitMany(sluice: SluiceProcess, { apiKey, formId }: Shop, count: number, from = 0): Promise<void> {
  let next = from;
  const client = async (): Promise<void> => {
    while (next < from + count) {
      const n = next++;
      const { status } = await sluice.call('POST', `/v1/forms/${formId}/responses`, { answers: { n } }, apiKey);
      if (status !== 201) throw new Error(`Response ${n} was answered ${status}.`);
    }
  };
  await Promise.all(Array.from({ length: 20 }, client));
}

/** The states of all runs, once none of them is under way. */
export async function settledRuns(sluice: SluiceProcess, { apiKey }: Shop, count: number): Promise<ListedRun[]> {
  return eventually(`${count} runs are settled`, async () => {
    const runs = await listRuns(sluice, apiKey);
    const open = runs.filter((run) => ['queued', 'running', 'waiting'].includes(run.state));
    return runs.length === count && open.length === 0 && runs;
  });
}

export interface ListedRun {
  readonly id: string;
  readonly state: string;
  readonly input: { readonly n: number };
  readonly pipeline?: string;
  readonly action?: string;
}

async function listRuns(sluice: SluiceProcess, apiKey: string): Promise<ListedRun[]> {
  const runs: ListedRun[] = [];
  for (let cursor = ''; ; ) {
    const query = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
    const { body } = await sluice.call('GET', `/v1/runs?limit=100${query}`, undefined, apiKey);
    runs.push(...(body.items as ListedRun[]));
    if (!body.nextCursor) return runs;
    cursor = body.nextCursor as string;
  }
}

/** Numbers delivered at a path, with how often each was. */
export function delivered(vendor: Vendor, path: string): Map<number, VendorRequest[]> {
  const found = new Map<number, VendorRequest[]>();
  for (const request of vendor.requests.filter(({ target }) => target === path)) {
    const { n } = JSON.parse(request.body) as { n: number };
    found.set(n, [...(found.get(n) ?? []), request]);
  }
  return found;
}
