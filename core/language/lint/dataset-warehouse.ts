import { didYouMean } from '../../kernel/suggest.ts';
import { childPointer } from '../load/document.ts';
import {
  datasetOutline,
  HISTORY,
  PARTITION,
  textsIn,
  type DatasetOutline,
  type WarehouseOutline,
} from '../outline/dataset.ts';
import type { Report } from '../report.ts';
import { asText } from '../schema/show.ts';
import type { LintRule } from './subject.ts';

/** `changed_orders` is what an export changed of `orders`, `latest_orders` its newest rows. */
const IMPLIED = /^(changed|latest)_/;

export const datasetWarehouse: LintRule = {
  name: 'dataset-warehouse',
  summary:
    'Tables of the warehouse that are exported from nothing, or loaded in a way that would lose rows; names that are taken.',
  check({ outline: { root } }, report) {
    if (root['kind'] !== 'dataset') return;
    const dataset = datasetOutline(root);
    for (const table of dataset.warehouse.values()) checkWarehouse(table, dataset, report);
    for (const { name, pointer } of [...dataset.warehouse.values(), ...dataset.models.values()]) {
      const [, implied] = IMPLIED.exec(name) ?? [];
      if (implied !== undefined)
        report.error(
          pointer,
          `Names with "${implied}_" in front are those of the rows that are ${implied === 'changed' ? 'changed' : 'newest'} in a table. Name this one otherwise.`,
          { onKey: true },
        );
    }
    for (const { name, pointer } of dataset.models.values()) {
      if (dataset.warehouse.has(name))
        report.error(pointer, `The name "${name}" is that of a table of the warehouse. Name the model otherwise.`, {
          onKey: true,
        });
    }
  },
};

function checkWarehouse(warehouse: WarehouseOutline, dataset: DatasetOutline, report: Report): void {
  const { table, history, pointer, node } = warehouse;
  if (!table) {
    const from = asText(node['from']);
    const names = [...dataset.tables.values()].flatMap(({ name, node: of }) =>
      of['history'] === true ? [name, `${name}${HISTORY}`] : [name],
    );
    const known = [...new Set(names)];
    if ('from' in node)
      report.error(
        childPointer(pointer, 'from'),
        `There is no table "${from}"; there are: ${known.join(', ') || 'none'}.${didYouMean(from, known)}`,
      );
    return;
  }
  if (history && table.node['history'] !== true)
    report.error(childPointer(pointer, 'from'), `"${table.name}" keeps no history: add "history: true" to it.`);
  if (table.columns.some(({ name }) => name === PARTITION.name))
    report.error(
      pointer,
      `"${table.name}" has a column "${PARTITION.name}", and in the warehouse that is the night's. Name it otherwise in its source.`,
      { onKey: true },
    );
  checkLoad(warehouse, report);
}

function checkLoad({ table, history, pointer, node }: WarehouseOutline, report: Report): void {
  const place = childPointer(pointer, 'load');
  const { load } = node;
  if (load === 'snapshot' && history)
    report.error(place, 'A history grows by the versions of each night: load it incrementally.');
  else if (load === 'snapshot' && table && 'retention' in table.node)
    report.error(
      place,
      `Rows of "${table.name}" go in time (retention), and a snapshot would be without them: load it incrementally.`,
    );
  else if (load === 'incremental' && !history && textsIn(table?.node['write']).includes('delete'))
    report.error(
      place,
      `Rows of "${table?.name ?? ''}" may be deleted (write), and an incremental load would never say so: load snapshots.`,
    );
}
