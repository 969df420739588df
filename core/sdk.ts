/** The one door for plugins: all they may import from the platform. */
export { Type } from 'typebox';
export type { Static } from 'typebox';
export { definePlugin, ReauthRequired } from './kernel/plugin.ts';
export type { AuthScheme, AuthSession, Plugin, StepType, Tokens } from './kernel/plugin.ts';
export type { Answer, OutgoingRequest } from './kernel/http.ts';
export type { Json, JsonObject } from './kernel/json.ts';
export { followPointer } from './kernel/json.ts';
export { StepFault, messageOf } from './kernel/errors.ts';
export { parseDuration } from './kernel/duration.ts';
export { LogStoreError } from './kernel/logs.ts';
export type {
  AppendBatch,
  AppendGuard,
  AppendOutcome,
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
export { signJwt } from './kernel/jwt.ts';
export type { JwtSpec } from './kernel/jwt.ts';
