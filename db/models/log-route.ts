import {
  DataTypes,
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';

/** Where events of a tenant are forwarded. */
export class LogRoute extends Model<InferAttributes<LogRoute>, InferCreationAttributes<LogRoute>> {
  declare tenantId: string;
  declare id: string;
  declare connectionId: string;
  /** null is all families. */
  declare families: readonly string[] | null;
  declare enabled: boolean;
  /** Raised by every save; a save of an older one throws OptimisticLockError. */
  declare version: CreationOptional<number>;
  declare createdAt: CreationOptional<Date>;
  declare updatedAt: CreationOptional<Date>;
}

export function defineLogRoute(sequelize: Sequelize): typeof LogRoute {
  return class extends LogRoute {}.init(
    {
      tenantId: { type: DataTypes.UUID, primaryKey: true },
      id: { type: DataTypes.UUID, primaryKey: true },
      connectionId: { type: DataTypes.UUID, allowNull: false },
      families: DataTypes.ARRAY(DataTypes.TEXT),
      enabled: { type: DataTypes.BOOLEAN, allowNull: false },
      version: { type: DataTypes.BIGINT, allowNull: false, defaultValue: 1 },
      createdAt: { type: DataTypes.DATE, allowNull: false },
      updatedAt: { type: DataTypes.DATE, allowNull: false },
    },
    { sequelize, modelName: 'LogRoute', tableName: 'log_routes', underscored: true, version: true },
  );
}
