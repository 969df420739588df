import {
  DataTypes,
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';

/** A family of logs: one table on a shard. */
export class LogFamily extends Model<InferAttributes<LogFamily>, InferCreationAttributes<LogFamily>> {
  declare tenantId: string;
  declare name: string;
  /** The schema version: raised with every addition of columns. */
  declare version: CreationOptional<number>;
  /** The schema version that the table on the shard is known to have. */
  declare applied: CreationOptional<number>;
  declare nextId: CreationOptional<number>;
  /** No id below is going to be used any more. */
  declare idFloor: CreationOptional<number>;
  declare idMark: CreationOptional<number>;
  declare idMarkedAt: CreationOptional<Date>;
  declare retentionDays: CreationOptional<number | null>;
  declare createdAt: CreationOptional<Date>;
}

export function defineLogFamily(sequelize: Sequelize): typeof LogFamily {
  return class extends LogFamily {}.init(
    {
      tenantId: { type: DataTypes.UUID, primaryKey: true },
      name: { type: DataTypes.TEXT, primaryKey: true },
      version: { type: DataTypes.BIGINT, allowNull: false, defaultValue: 1 },
      applied: { type: DataTypes.BIGINT, allowNull: false, defaultValue: 0 },
      nextId: { type: DataTypes.BIGINT, allowNull: false, defaultValue: 1 },
      idFloor: { type: DataTypes.BIGINT, allowNull: false, defaultValue: 1 },
      idMark: { type: DataTypes.BIGINT, allowNull: false, defaultValue: 1 },
      idMarkedAt: { type: DataTypes.DATE, allowNull: false, defaultValue: DataTypes.NOW },
      retentionDays: DataTypes.BIGINT,
      createdAt: { type: DataTypes.DATE, allowNull: false },
    },
    { sequelize, modelName: 'LogFamily', tableName: 'log_families', underscored: true, updatedAt: false },
  );
}
