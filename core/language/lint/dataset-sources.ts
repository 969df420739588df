import { isJsonObject } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import { datasetOutline, type SourceOutline } from '../outline/dataset.ts';
import type { Report } from '../report.ts';
import { asText } from '../schema/show.ts';
import { prefixParts } from '../sections/csv-source.ts';
import { checkColumn } from './dataset-columns.ts';
import type { LintRule } from './subject.ts';

export const datasetSources: LintRule = {
  name: 'dataset-sources',
  summary: 'Sources that nothing reads or that share their folder, and messages that do not fill their columns.',
  check({ outline: { root } }, report) {
    if (root['kind'] !== 'dataset') return;
    const { sources, tables } = datasetOutline(root);
    const read = new Set([...tables.values()].map(({ node }) => asText(node['from'])));
    const before: SourceOutline[] = [];
    for (const source of sources.values()) {
      if (!read.has(source.name))
        report.warning(
          source.pointer,
          `No table reads the source "${source.name}". Name it in "from" of one, or leave it out.`,
          { onKey: true },
        );
      if (source.columns.length === 0)
        report.error(childPointer(source.pointer, source.kind, 'columns'), 'A source needs columns.', { onKey: true });
      if (source.kind === 'webhook') checkEvent(source, report);
      else checkPrefix(source, before, report);
      before.push(source);
    }
  },
};

function checkEvent({ name, pointer, settings, columns }: SourceOutline, report: Report): void {
  const event = isJsonObject(settings['event']) ? settings['event'] : {};
  const place = childPointer(pointer, 'webhook', 'event');
  for (const column of Object.keys(event)) {
    checkColumn(column, columns, `The source "${name}"`, childPointer(place, column), report, { onKey: true });
  }
  for (const { name: column, nullable } of columns) {
    if (nullable || column in event) continue;
    report.error(
      place,
      `The column "${column}" is not taken out of the message, and it may not be null. Say where it stands, for example ${column}: /${column}, or declare it with "?".`,
      { onKey: true },
    );
  }
}

/** A file belongs to one source. Behind a date anything may stand; a prefix that begins with one has been reported. */
function checkPrefix({ pointer, settings }: SourceOutline, others: readonly SourceOutline[], report: Report): void {
  const [root = ''] = prefixParts(asText(settings['prefix']));
  for (const other of others.filter(({ kind }) => kind === 'csv')) {
    const [otherRoot = ''] = prefixParts(asText(other.settings['prefix']));
    if (root === '' || otherRoot === '' || (!root.startsWith(otherRoot) && !otherRoot.startsWith(root))) continue;
    report.error(
      childPointer(pointer, 'csv', 'prefix'),
      `Files could be of this source and of "${other.name}", which takes ${asText(other.settings['prefix'])}. Give each a folder of its own.`,
    );
  }
}
