import { isJsonObject, type JsonObject } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import { sqlNames } from '../schema/column-type.ts';
import { mapOf, required, type Check, type Field, type Fields } from '../schema/field.ts';
import type { Place, PlaceContext } from '../scope/place.ts';
import { csvField } from './csv-source.ts';
import { modelsField } from './dataset-models.ts';
import { tablesField, warehouseField } from './dataset-tables.ts';
import { scheduleField, timezoneField } from './schedule.ts';
import { webhookField, webhookPlaces } from './webhook-source.ts';

const oneKind: Check = (node, pointer, report) => {
  const kinds = ['csv', 'webhook'].filter((kind) => isJsonObject(node) && kind in node);
  if (kinds.length === 1) return;
  const has = kinds.length === 0 ? 'neither' : 'both';
  report.error(pointer, `A source has "csv" or "webhook", and this one has ${has}.`, { onKey: true });
};

const sourcesField: Field = sqlNames('sources', mapOf('a source', { csv: csvField, webhook: webhookField }, oneKind));

/** The keys of a dataset besides those that all kinds have (LANGUAGE 7). */
export function datasetFields(): Fields {
  return {
    timezone: timezoneField,
    sources: required(sourcesField),
    tables: required(tablesField),
    warehouse: warehouseField,
    models: modelsField,
    schedule: scheduleField,
  };
}

/** Where templates stand in a dataset: in what its webhooks take out of a message. */
export function datasetPlaces(root: JsonObject, context: PlaceContext): Place[] {
  const sources = isJsonObject(root['sources']) ? root['sources'] : {};
  return Object.entries(sources).flatMap(([name, source]) => {
    const webhook = isJsonObject(source) ? source['webhook'] : undefined;
    return isJsonObject(webhook) ? webhookPlaces(webhook, childPointer('/sources', name, 'webhook'), context) : [];
  });
}
