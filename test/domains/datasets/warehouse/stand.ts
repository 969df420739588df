export { commerce, DatasetStand as WarehouseStand, type EndedRun } from '../../../support/dataset.ts';
