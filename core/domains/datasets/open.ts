import type { JsonObject } from '../../kernel/json.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Objects, ObjectStore } from '../../kernel/objects.ts';
import type { DatasetServices } from '../../kernel/services.ts';
import type { DatasetDirectory } from '../../kernel/stores/datasets.ts';
import type { Warehouse } from '../../kernel/warehouse.ts';
import type { DatasetDeps } from './deps.ts';
import { stepServices } from './step-services.ts';

export interface DatasetsDeps extends Pick<DatasetDeps, 'catalogue' | 'operational' | 'records' | 'clock'> {
  readonly directory: DatasetDirectory;
  /** The kinds of stores and warehouses there are plugins for. */
  readonly objectStores: readonly ObjectStore[];
  readonly warehouses: readonly Warehouse[];
  /** The operator's values for a definition (SLUICE_APPS). */
  readonly app: (definition: string) => JsonObject;
}

/** What the settings say. */
export interface DatasetPlaces {
  /** URLs. */
  readonly objects: string;
  readonly warehouse: string;
  /** A folder of this host for files that are on their way. */
  readonly scratch: string;
}

/** The datasets of one process. */
export interface Datasets extends DatasetDeps {
  readonly directory: DatasetDirectory;
  readonly app: DatasetsDeps['app'];
  /** What steps of runs may do with them. */
  readonly services: DatasetServices;
  close(): Promise<void>;
}

/** Opens the store of objects and the warehouse. @throws Error with what an operator can mend, naming the setting */
export async function openDatasets(on: DatasetsDeps, { objects: place, warehouse: url, scratch }: DatasetPlaces): Promise<Datasets> {
  const store = pluginFor('SLUICE_OBJECTS', 'store of objects', on.objectStores, place);
  const engine = pluginFor('SLUICE_WAREHOUSE', 'warehouse', on.warehouses, url);
  const objects = await reached(store, place);
  const warehouse = engine.open(url, { objects, scratch });
  const { catalogue, operational, records, clock, directory } = on;
  const deps: DatasetDeps = { catalogue, operational, records, clock, objects, warehouse };
  return {
    ...deps,
    directory,
    app: on.app,
    services: stepServices(deps, directory),
    async close() {
      await warehouse.close();
      await objects.close();
    },
  };
}

/** A folder that is not there is told at the start, and not by the first run. */
async function reached(store: ObjectStore, url: string): Promise<Objects> {
  const objects = store.open(url);
  try {
    await objects.prepare('');
    return objects;
  } catch (error) {
    await objects.close();
    throw new Error(`SLUICE_OBJECTS cannot be used: ${messageOf(error)}`, { cause: error });
  }
}

function pluginFor<Kind extends ObjectStore | Warehouse>(setting: string, noun: string, kinds: readonly Kind[], url: string): Kind {
  const protocol = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0].toLowerCase() ?? '';
  const kind = kinds.find(({ protocols }) => protocols.includes(protocol));
  if (kind) return kind;
  const known = kinds.map(({ name, example }) => `${name} (${example})`).join(', ');
  throw new Error(`${setting}: there is no ${noun} for "${protocol}". This installation has ${known || 'none'}.`);
}
