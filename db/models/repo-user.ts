import {
  DataTypes,
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';

/** A user who is assigned to a repo. */
export class RepoUser extends Model<InferAttributes<RepoUser>, InferCreationAttributes<RepoUser>> {
  declare tenantId: string;
  declare repoId: string;
  declare userId: string;
  declare createdAt: CreationOptional<Date>;
}

export function defineRepoUser(sequelize: Sequelize): typeof RepoUser {
  return class extends RepoUser {}.init(
    {
      tenantId: { type: DataTypes.UUID, primaryKey: true },
      repoId: { type: DataTypes.UUID, primaryKey: true },
      userId: { type: DataTypes.UUID, primaryKey: true },
      createdAt: { type: DataTypes.DATE, allowNull: false },
    },
    { sequelize, modelName: 'RepoUser', tableName: 'repo_users', underscored: true, updatedAt: false },
  );
}
