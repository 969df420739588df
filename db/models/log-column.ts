import {
  DataTypes,
  Model,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import type { LogType } from '../../core/kernel/logs.ts';

/** A column of a family, and the schema version that brought it. Types never change. */
export class LogColumn extends Model<InferAttributes<LogColumn>, InferCreationAttributes<LogColumn>> {
  declare tenantId: string;
  declare family: string;
  declare name: string;
  declare type: LogType;
  declare position: number;
  declare version: number;
}

export function defineLogColumn(sequelize: Sequelize): typeof LogColumn {
  return class extends LogColumn {}.init(
    {
      tenantId: { type: DataTypes.UUID, primaryKey: true },
      family: { type: DataTypes.TEXT, primaryKey: true },
      name: { type: DataTypes.TEXT, primaryKey: true },
      type: { type: DataTypes.TEXT, allowNull: false },
      position: { type: DataTypes.BIGINT, allowNull: false },
      version: { type: DataTypes.BIGINT, allowNull: false },
    },
    { sequelize, modelName: 'LogColumn', tableName: 'log_columns', underscored: true, timestamps: false },
  );
}
