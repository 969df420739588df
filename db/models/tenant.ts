import {
  DataTypes,
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';

/** A customer, and the wrapped key of its secrets (see db/vault.ts). */
export class Tenant extends Model<InferAttributes<Tenant>, InferCreationAttributes<Tenant>> {
  declare id: string;
  declare name: string;
  declare dataKey: Buffer;
  declare masterKeyId: string;
  declare createdAt: CreationOptional<Date>;
}

export function defineTenant(sequelize: Sequelize): typeof Tenant {
  return class extends Tenant {}.init(
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      name: { type: DataTypes.TEXT, allowNull: false },
      dataKey: { type: DataTypes.BLOB, allowNull: false },
      masterKeyId: { type: DataTypes.TEXT, allowNull: false },
      createdAt: { type: DataTypes.DATE, allowNull: false },
    },
    { sequelize, modelName: 'Tenant', tableName: 'tenants', underscored: true, updatedAt: false },
  );
}
