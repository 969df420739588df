import {
  DataTypes,
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import type { Json } from '../../core/kernel/json.ts';

/** Who did what to which thing. Written with the change it tells of, in one transaction. */
export class AuditEvent extends Model<InferAttributes<AuditEvent>, InferCreationAttributes<AuditEvent>> {
  declare tenantId: string;
  declare id: string;
  declare actor: string;
  declare action: string;
  declare subject: string;
  declare detail: CreationOptional<Json>;
  declare createdAt: CreationOptional<Date>;
}

export function defineAuditEvent(sequelize: Sequelize): typeof AuditEvent {
  return class extends AuditEvent {}.init(
    {
      tenantId: { type: DataTypes.UUID, primaryKey: true },
      id: { type: DataTypes.UUID, primaryKey: true },
      actor: { type: DataTypes.TEXT, allowNull: false },
      action: { type: DataTypes.TEXT, allowNull: false },
      subject: { type: DataTypes.TEXT, allowNull: false },
      detail: DataTypes.JSON,
      createdAt: { type: DataTypes.DATE, allowNull: false },
    },
    { sequelize, modelName: 'AuditEvent', tableName: 'audit_events', underscored: true, updatedAt: false },
  );
}
