/** The one door for plugins: all they may import from the platform. */
export { Type } from 'typebox';
export type { Static } from 'typebox';
export { definePlugin, ReauthRequired } from './kernel/plugin.ts';
export type { AuthScheme, AuthSession, Plugin, StepContext, StepType, Tokens } from './kernel/plugin.ts';
export { datasetWork, NO_DATASETS } from './kernel/dataset-work.ts';
export { environmentId, hostOf, refusalOfHost } from './kernel/host.ts';
export type { Answer, OutgoingRequest } from './kernel/http.ts';
export { isJsonObject, type Json, type JsonObject } from './kernel/json.ts';
export { followPointer } from './kernel/json.ts';
export { countsSoFar } from './kernel/counts.ts';
export { StepFault, messageOf } from './kernel/errors.ts';
export { parseDuration } from './kernel/duration.ts';
export { aboutBytes, LogStoreError } from './kernel/logs.ts';
export type {
  AppendBatch,
  AppendGuard,
  AppendOutcome,
  BatchNote,
  LogColumn,
  LogRows,
  LogShard,
  LogStatement,
  LogStore,
  LogStoreFault,
  LogType,
  LogValue,
  QueryLimits,
  ShardTenant,
} from './kernel/logs.ts';
export type { Column, ColumnTypeName } from './kernel/columns.ts';
export { duckdbRowHash, duckdbSums } from './kernel/content-hash.ts';
export { keyProblem, ObjectStoreError, prefixProblem } from './kernel/objects.ts';
export type { ObjectInfo, Objects, ObjectStore, ObjectStoreFault } from './kernel/objects.ts';
export { WarehouseError } from './kernel/warehouse.ts';
export type {
  ContentHash,
  PartitionObject,
  Warehouse,
  WarehouseFault,
  WarehouseInput,
  WarehouseInputs,
  WarehouseRows,
  WarehouseSession,
  WarehouseStatement,
  WrittenPartition,
} from './kernel/warehouse.ts';
export { signJwt } from './kernel/jwt.ts';
export type { JwtSpec } from './kernel/jwt.ts';
export { signAws } from './kernel/aws-signature.ts';
