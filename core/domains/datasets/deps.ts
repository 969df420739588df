import type { Clock } from '../../kernel/clock.ts';
import type { Objects } from '../../kernel/objects.ts';
import type { OperationalStores } from '../../kernel/stores/operational.ts';
import type { WarehouseRecords } from '../../kernel/stores/warehouse-records.ts';
import type { WarehouseSession } from '../../kernel/warehouse.ts';
import type { Catalogue } from '../definitions/catalogue.ts';

/** What loads, exports, builds and answers of datasets work with. */
export interface DatasetDeps {
  readonly catalogue: Pick<Catalogue, 'plan' | 'planByHash'>;
  readonly operational: OperationalStores;
  readonly records: WarehouseRecords;
  readonly objects: Objects;
  readonly warehouse: WarehouseSession;
  readonly clock: Clock;
}
