import type { Sequelize } from 'sequelize';
import { defineApiKey, type ApiKey } from './api-key.ts';
import { defineAuditEvent, type AuditEvent } from './audit-event.ts';
import { defineAutomation, type Automation } from './automation.ts';
import { defineComputeEnvironment, type ComputeEnvironment } from './compute-environment.ts';
import { defineConnection, type Connection } from './connection.ts';
import { defineForm, type Form } from './form.ts';
import { defineLogColumn, type LogColumn } from './log-column.ts';
import { defineLogFamily, type LogFamily } from './log-family.ts';
import { defineLogPin, type LogPin } from './log-pin.ts';
import { defineLogRoute, type LogRoute } from './log-route.ts';
import { defineLogShard, type LogShard } from './log-shard.ts';
import { defineLogSlice, type LogSlice } from './log-slice.ts';
import { defineLogTenant, type LogTenant } from './log-tenant.ts';
import { defineRepoUser, type RepoUser } from './repo-user.ts';
import { defineRepo, type Repo } from './repo.ts';
import { defineTenant, type Tenant } from './tenant.ts';
import { defineUser, type User } from './user.ts';

/** The tables of the control plane, a class each, bound to one database. */
export interface Models {
  readonly Tenant: typeof Tenant;
  readonly ApiKey: typeof ApiKey;
  readonly AuditEvent: typeof AuditEvent;
  readonly Connection: typeof Connection;
  readonly Form: typeof Form;
  readonly Automation: typeof Automation;
  readonly LogColumn: typeof LogColumn;
  readonly LogFamily: typeof LogFamily;
  readonly LogPin: typeof LogPin;
  readonly LogRoute: typeof LogRoute;
  readonly LogShard: typeof LogShard;
  readonly LogSlice: typeof LogSlice;
  readonly LogTenant: typeof LogTenant;
  readonly User: typeof User;
  readonly ComputeEnvironment: typeof ComputeEnvironment;
  readonly Repo: typeof Repo;
  readonly RepoUser: typeof RepoUser;
}

/** Sequelize binds a class to one instance, so each database gets classes of its own. */
export function defineModels(sequelize: Sequelize): Models {
  return {
    Tenant: defineTenant(sequelize),
    ApiKey: defineApiKey(sequelize),
    AuditEvent: defineAuditEvent(sequelize),
    Connection: defineConnection(sequelize),
    Form: defineForm(sequelize),
    Automation: defineAutomation(sequelize),
    LogColumn: defineLogColumn(sequelize),
    LogFamily: defineLogFamily(sequelize),
    LogPin: defineLogPin(sequelize),
    LogRoute: defineLogRoute(sequelize),
    LogShard: defineLogShard(sequelize),
    LogSlice: defineLogSlice(sequelize),
    LogTenant: defineLogTenant(sequelize),
    User: defineUser(sequelize),
    ComputeEnvironment: defineComputeEnvironment(sequelize),
    Repo: defineRepo(sequelize),
    RepoUser: defineRepoUser(sequelize),
  };
}
