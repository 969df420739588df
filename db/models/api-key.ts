import {
  DataTypes,
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';

/** A key of the API. Of the key itself only its first characters and its SHA-256 are kept. */
export class ApiKey extends Model<InferAttributes<ApiKey>, InferCreationAttributes<ApiKey>> {
  declare tenantId: string;
  declare id: string;
  declare name: string;
  declare role: 'owner' | 'admin' | 'member' | 'viewer';
  declare scopes: string[];
  declare prefix: string;
  declare hash: Buffer;
  declare expiresAt: CreationOptional<Date | null>;
  declare revokedAt: CreationOptional<Date | null>;
  declare createdAt: CreationOptional<Date>;
}

export function defineApiKey(sequelize: Sequelize): typeof ApiKey {
  return class extends ApiKey {}.init(
    {
      tenantId: { type: DataTypes.UUID, primaryKey: true },
      id: { type: DataTypes.UUID, primaryKey: true },
      name: { type: DataTypes.TEXT, allowNull: false },
      role: { type: DataTypes.TEXT, allowNull: false },
      scopes: { type: DataTypes.ARRAY(DataTypes.TEXT), allowNull: false },
      prefix: { type: DataTypes.TEXT, allowNull: false },
      hash: { type: DataTypes.BLOB, allowNull: false },
      expiresAt: DataTypes.DATE,
      revokedAt: DataTypes.DATE,
      createdAt: { type: DataTypes.DATE, allowNull: false },
    },
    { sequelize, modelName: 'ApiKey', tableName: 'api_keys', underscored: true, updatedAt: false },
  );
}
