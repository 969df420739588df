import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type pg from 'pg';
import { landingOf } from '../../../../core/domains/datasets/keys.ts';
import { FileLoads, type FileLoadDeps } from '../../../../core/domains/datasets/loading/file-loads.ts';
import { VirtualClock } from '../../../../core/kernel/clock.ts';
import type { Objects } from '../../../../core/kernel/objects.ts';
import type { DatasetWork, LoadedPiece } from '../../../../core/kernel/services.ts';
import type {
  DatasetRef,
  LoadCounts,
  LoadRows,
  NewLoad,
  Quarantined,
} from '../../../../core/kernel/stores/operational.ts';
import { compileDefinition } from '../../../../core/language/compile.ts';
import type { Plan } from '../../../../core/language/plan.ts';
import { formatFinding } from '../../../../core/language/source.ts';
import folder from '../../../../plugins/folder/index.ts';
import { registry } from '../../../language/registry.ts';
import { objectStoreOf } from '../../../plugins/object-store.contract.ts';

/** A shop: lines go with their orders, payments may come before them, and prices keep their history. */
export const SHOP = `
apiVersion: sluice/v1
kind: dataset
id: shop
version: 1.0.0
title: Shop
connection: { type: object, required: [secret], properties: { secret: { type: string, secret: true } } }
sources:
  lines:
    csv: { prefix: "lines/dt={{ date }}/", columns: { id: text, order_id: text, quantity: integer, price: "decimal(12,2)" } }
  orders:
    csv: { prefix: "orders/dt={{ date }}/", columns: { id: text, placed_at: timestamp, status: text, customer: text? }, maxBad: 2 }
  payments:
    webhook:
      signature: { scheme: standard-webhooks, secret: "{{ connection.secret }}" }
      dedupe: "{{ request.headers.[webhook-id] }}"
      columns: { id: text, order_id: text, status: text, amount: "decimal(12,2)?", paid_at: timestamp? }
      event: { id: /data/id, order_id: /data/order, status: "{{ lower request.body.data.status }}", amount: /data/amount, paid_at: /data/paid_at }
tables:
  lines:
    from: lines
    key: [id]
    references: { order_id: { table: orders, delete: cascade, missing: hold } }
  orders: { from: orders, key: [id], version: placed_at }
  payments: { from: payments, key: [id], version: _event_time }
warehouse:
  orders: { from: orders, load: incremental }
models: {}
`;

export function compiled(text: string): Plan {
  const { plan, findings } = compileDefinition({ file: 'shop.yaml', text }, registry);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (plan && errors.length === 0) return plan;
  throw new Error(errors.map(formatFinding).join('\n'));
}

/** A tenant with the dataset, as the control plane has them. */
export async function addDataset(engine: pg.Pool, { tenantId, id }: DatasetRef): Promise<void> {
  await engine.query(`INSERT INTO tenants (id, name, data_key, master_key_id) VALUES ($1, 'Acme', '', '')`, [tenantId]);
  await engine.query('INSERT INTO datasets (tenant_id, id) VALUES ($1, $2)', [tenantId, id]);
}

/** A load as a store was given it. */
export interface Given {
  readonly load: NewLoad;
  readonly text: string;
  readonly quarantined: readonly Quarantined[];
}

/** Keeps what it is given, in the order of it. What the rows mean to tables is not its matter. */
export class RecordingStore {
  readonly loads: Given[] = [];
  readonly refused: { readonly load: NewLoad; readonly reason: string }[] = [];
  /** Waited for before a load commits. */
  merging: (load: NewLoad) => Promise<void> = () => Promise.resolve();

  async load(load: NewLoad, rows: LoadRows): Promise<LoadCounts | 'known'> {
    if (this.#has(load)) return 'known';
    const chunks: Uint8Array[] = [];
    for await (const chunk of rows.text) chunks.push(Buffer.from(chunk));
    await this.merging(load);
    const text = Buffer.concat(chunks).toString();
    const { count, rows: quarantined } = rows.quarantined();
    this.loads.push({ load, text, quarantined });
    const loaded = text.split('\n').length - 1;
    return { rows: loaded + count, loaded, held: 0, quarantined: count, deduplicated: 0 };
  }

  refuse(load: NewLoad, reason: string): Promise<void> {
    this.refused.push({ load, reason });
    return Promise.resolve();
  }

  known(source: string, files: readonly { object: string; etag: string }[], definitionHash: string) {
    return Promise.resolve(files.filter((file) => this.#has({ kind: 'file', source, definitionHash, ...file })));
  }

  #has({ source, object, etag, definitionHash }: NewLoad): boolean {
    const same = (load: NewLoad): boolean => load.source === source && load.object === object && load.etag === etag;
    return (
      this.loads.some(({ load }) => same(load)) ||
      this.refused.some(({ load }) => same(load) && load.definitionHash === definitionHash)
    );
  }
}

/** A landing folder on this disk, and loads from it. */
export class Landing {
  readonly clock = new VirtualClock(Date.UTC(2026, 0, 31, 12));
  readonly dataset = { tenantId: randomUUID(), id: 'shop' };
  readonly place: string;
  readonly objects: Objects;
  plan: Plan;
  readonly #loads: FileLoads;

  private constructor(place: string, objects: Objects, operational: FileLoadDeps['operational'], plan: Plan) {
    this.place = place;
    this.objects = objects;
    this.plan = plan;
    const catalogue = { plan: () => this.plan, planByHash: () => Promise.resolve(this.plan) };
    this.#loads = new FileLoads({ catalogue, objects, operational, clock: this.clock });
  }

  static async open(operational: FileLoadDeps['operational'], text = SHOP, settle = 'PT5S'): Promise<Landing> {
    const place = await mkdtemp(join(tmpdir(), 'sluice-test-'));
    const objects = objectStoreOf(folder).open(`${pathToFileURL(place).href}?settle=${settle}`);
    return new Landing(place, objects, operational, compiled(text));
  }

  async close(): Promise<void> {
    await this.objects.close();
    await rm(this.place, { recursive: true, force: true });
  }

  /** Key of a file by its place below the landing folder. */
  keyOf(name: string): string {
    return landingOf(this.dataset) + name;
  }

  /** A file as others drop it: whole at once. */
  async drop(name: string, content: string | Uint8Array): Promise<void> {
    const file = await this.write(`${dirname(name)}/.incoming-${randomUUID()}`, content);
    await utimes(file, 1, 1);
    await rename(file, join(this.place, this.keyOf(name)));
  }

  /** A file that is written in place, and may go on. */
  async write(name: string, content: string | Uint8Array): Promise<string> {
    const file = join(this.place, this.keyOf(name));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  }

  piece(runId: string, signal = new AbortController().signal): Promise<LoadedPiece> {
    const { id, version, hash } = this.plan;
    const work: DatasetWork = {
      tenantId: this.dataset.tenantId,
      dataset: 'shop',
      definition: { id, version, hash },
      runId,
      signal,
    };
    return this.#loads.load(work);
  }

  /** A whole run. */
  async load(): Promise<LoadedPiece> {
    const runId = randomUUID();
    for (;;) {
      const piece = await this.piece(runId);
      if (piece.done || piece.settlesInMs !== undefined) return piece;
    }
  }
}
