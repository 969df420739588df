import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { DatasetTable } from '../../core/kernel/datasets.ts';
import { OperationalError, type DatasetRef } from '../../core/kernel/stores/operational.ts';
import { tablesIn } from './catalogue.ts';
import { quoted } from './column-sql.ts';
import { extensionOf } from './extension.ts';
import { lockDataset, lockTables } from './lock.ts';
import { schemaOf } from './schema-name.ts';
import { structureOf } from './structure.ts';
import { BEGIN_LONG, within } from './transaction.ts';

/**
 * Schemas that this process has seen to be what a definition asks for. Schemas only grow, so what was seen once holds,
 * also where another definition has added to them since.
 */
export class Schemas {
  readonly #pool: pg.Pool;
  readonly #seen = new Map<string, Promise<void>>();
  readonly #fingerprints = new WeakMap<readonly DatasetTable[], string>();

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** Makes or extends a dataset's schema. @throws OperationalError `incompatible` */
  async ensure(dataset: DatasetRef, tables: readonly DatasetTable[]): Promise<void> {
    const schema = schemaOf(dataset);
    const seen = `${schema} ${this.#fingerprintOf(tables)}`;
    let ensured = this.#seen.get(seen);
    if (!ensured) {
      ensured = this.#ensure(dataset, schema, tables);
      this.#seen.set(seen, ensured);
      // What failed may succeed another time.
      ensured.catch(() => this.#seen.delete(seen));
    }
    return ensured;
  }

  #fingerprintOf(tables: readonly DatasetTable[]): string {
    const known = this.#fingerprints.get(tables);
    if (known !== undefined) return known;
    const fingerprint = createHash('sha256').update(JSON.stringify(tables)).digest('base64');
    this.#fingerprints.set(tables, fingerprint);
    return fingerprint;
  }

  async #ensure(dataset: DatasetRef, schema: string, tables: readonly DatasetTable[]): Promise<void> {
    const wanted = structureOf(tables);
    const lacking = async (client: pg.ClientBase) => extensionOf(schema, wanted, await tablesIn(client, schema));
    // Nothing is lacking as a rule, and then nobody waits for a load.
    if ((await within(this.#pool, lacking)).length === 0) return;
    await within(
      this.#pool,
      async (client) => {
        await lockDataset(client, dataset);
        // A history begins with the rows that are there: no load may bring others meanwhile.
        await lockTables(client, dataset, tables.map(({ name }) => name));
        const statements = await lacking(client);
        if (statements.length === 0) return;
        await extend(client, [`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`, ...statements]);
      },
      BEGIN_LONG,
    );
  }
}

/** SQLSTATEs: not permitted, and a name that the server has taken for itself (`ctid` and its like). */
const [FORBIDDEN, NAME_TAKEN] = ['42501', '42701'];

async function extend(client: pg.ClientBase, statements: readonly string[]): Promise<void> {
  try {
    for (const statement of statements) await client.query(statement);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code !== FORBIDDEN && code !== NAME_TAKEN) throw cause;
    const advice =
      code === FORBIDDEN
        ? ' As its owner: GRANT CREATE, TEMPORARY ON DATABASE <name> TO sluice_engine.'
        : ' Name it otherwise.';
    throw new OperationalError(
      'incompatible',
      `The operational store was not made: ${(cause as Error).message}.${advice}`,
      {
        cause,
      },
    );
  }
}
