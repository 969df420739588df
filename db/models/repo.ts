import {
  DataTypes,
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';

/** What holds notebooks and dashboards, and stands on one compute environment. */
export class Repo extends Model<InferAttributes<Repo>, InferCreationAttributes<Repo>> {
  declare tenantId: string;
  declare id: string;
  declare name: string;
  declare computeEnvironmentId: string;
  /** The database's own: never written here. */
  declare readonly needsAttachable: CreationOptional<boolean | null>;
  /** Raised by every save; a save of an older one throws OptimisticLockError. */
  declare version: CreationOptional<number>;
  declare createdAt: CreationOptional<Date>;
  declare updatedAt: CreationOptional<Date>;
}

export function defineRepo(sequelize: Sequelize): typeof Repo {
  return class extends Repo {}.init(
    {
      tenantId: { type: DataTypes.UUID, primaryKey: true },
      id: { type: DataTypes.UUID, primaryKey: true },
      name: { type: DataTypes.TEXT, allowNull: false },
      computeEnvironmentId: { type: DataTypes.UUID, allowNull: false },
      needsAttachable: DataTypes.BOOLEAN,
      version: { type: DataTypes.BIGINT, allowNull: false, defaultValue: 1 },
      createdAt: { type: DataTypes.DATE, allowNull: false },
      updatedAt: { type: DataTypes.DATE, allowNull: false },
    },
    { sequelize, modelName: 'Repo', tableName: 'repos', underscored: true, version: true },
  );
}
