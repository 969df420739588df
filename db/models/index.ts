import type { Sequelize } from 'sequelize';
import { defineApiKey, type ApiKey } from './api-key.ts';
import { defineAuditEvent, type AuditEvent } from './audit-event.ts';
import { defineAutomation, type Automation } from './automation.ts';
import { defineConnection, type Connection } from './connection.ts';
import { defineForm, type Form } from './form.ts';
import { defineLogColumn, type LogColumn } from './log-column.ts';
import { defineLogFamily, type LogFamily } from './log-family.ts';
import { defineLogPin, type LogPin } from './log-pin.ts';
import { defineLogShard, type LogShard } from './log-shard.ts';
import { defineLogSlice, type LogSlice } from './log-slice.ts';
import { defineLogTenant, type LogTenant } from './log-tenant.ts';
import { defineTenant, type Tenant } from './tenant.ts';

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
  readonly LogShard: typeof LogShard;
  readonly LogSlice: typeof LogSlice;
  readonly LogTenant: typeof LogTenant;
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
    LogShard: defineLogShard(sequelize),
    LogSlice: defineLogSlice(sequelize),
    LogTenant: defineLogTenant(sequelize),
  };
}
