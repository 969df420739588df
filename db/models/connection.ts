import {
  DataTypes,
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import type { JsonObject } from '../../core/kernel/json.ts';

/** A tenant's account at a vendor. `secrets` and `tokens` are sealed (see db/vault.ts). */
export class Connection extends Model<InferAttributes<Connection>, InferCreationAttributes<Connection>> {
  declare tenantId: string;
  declare id: string;
  declare definition: string;
  declare name: string;
  declare config: JsonObject;
  declare secrets: Buffer;
  declare state: 'active' | 'needs_reauth';
  declare stateReason: CreationOptional<string | null>;
  declare tokens: CreationOptional<Buffer | null>;
  declare renewalOwner: CreationOptional<string | null>;
  declare renewalUntil: CreationOptional<Date | null>;
  /** Raised by every save; a save of an older one throws OptimisticLockError. */
  declare version: CreationOptional<number>;
  declare createdAt: CreationOptional<Date>;
  declare updatedAt: CreationOptional<Date>;
}

export function defineConnection(sequelize: Sequelize): typeof Connection {
  return class extends Connection {}.init(
    {
      tenantId: { type: DataTypes.UUID, primaryKey: true },
      id: { type: DataTypes.UUID, primaryKey: true },
      definition: { type: DataTypes.TEXT, allowNull: false },
      name: { type: DataTypes.TEXT, allowNull: false },
      config: { type: DataTypes.JSONB, allowNull: false },
      secrets: { type: DataTypes.BLOB, allowNull: false },
      state: { type: DataTypes.TEXT, allowNull: false },
      stateReason: DataTypes.TEXT,
      tokens: DataTypes.BLOB,
      renewalOwner: DataTypes.UUID,
      renewalUntil: DataTypes.DATE,
      version: { type: DataTypes.BIGINT, allowNull: false, defaultValue: 1 },
      createdAt: { type: DataTypes.DATE, allowNull: false },
      updatedAt: { type: DataTypes.DATE, allowNull: false },
    },
    { sequelize, modelName: 'Connection', tableName: 'connections', underscored: true, version: true },
  );
}
