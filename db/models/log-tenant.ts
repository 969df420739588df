import {
  DataTypes,
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';

/** A tenant on a shard. `password` is sealed (see db/vault.ts). */
export class LogTenant extends Model<InferAttributes<LogTenant>, InferCreationAttributes<LogTenant>> {
  declare tenantId: string;
  declare shard: string;
  declare password: Buffer;
  declare bytes: CreationOptional<number>;
  declare createdAt: CreationOptional<Date>;
}

export function defineLogTenant(sequelize: Sequelize): typeof LogTenant {
  return class extends LogTenant {}.init(
    {
      tenantId: { type: DataTypes.UUID, primaryKey: true },
      shard: { type: DataTypes.TEXT, primaryKey: true },
      password: { type: DataTypes.BLOB, allowNull: false },
      bytes: { type: DataTypes.BIGINT, allowNull: false, defaultValue: 0 },
      createdAt: { type: DataTypes.DATE, allowNull: false },
    },
    { sequelize, modelName: 'LogTenant', tableName: 'log_tenants', underscored: true, updatedAt: false },
  );
}
