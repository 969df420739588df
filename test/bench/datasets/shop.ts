import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';

const DATASETS = fileURLToPath(new URL('../../../definitions/datasets/', import.meta.url));

/** Id of the benches' dataset. */
export const SHOP = 'bench-shop';

/**
 * Writes a definition into `folder`: the bundled `commerce`, but that transactions come in files as well, since a
 * million messages would measure HTTP.
 */
export async function writeShop(folder: string): Promise<void> {
  const document = parseDocument(await readFile(join(DATASETS, 'commerce.yaml'), 'utf8'));
  document.set('id', SHOP);
  const columns = document.getIn(['sources', 'transactions', 'webhook', 'columns']);
  document.setIn(['sources', 'transactions'], { csv: { prefix: 'transactions/dt={{ date }}/', columns } });
  document.setIn(['tables', 'transaction', 'version'], 'created_at');
  for (const table of ['orders', 'transaction']) document.deleteIn(['tables', table, 'retention']);
  document.delete('connection');
  document.delete('schedule');
  await mkdir(folder, { recursive: true });
  await cp(join(DATASETS, 'models'), join(folder, 'models'), { recursive: true });
  await writeFile(join(folder, `${SHOP}.yaml`), document.toString());
}
