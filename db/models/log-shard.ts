import {
  DataTypes,
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import type { ShardState } from '../../core/kernel/stores/logs.ts';

/** A server that holds logs; its URL is sealed with a data key of its own (see db/vault.ts). */
export class LogShard extends Model<InferAttributes<LogShard>, InferCreationAttributes<LogShard>> {
  declare name: string;
  declare store: string;
  declare url: Buffer;
  declare dataKey: Buffer;
  declare masterKeyId: string;
  declare weight: CreationOptional<number>;
  declare state: CreationOptional<ShardState>;
  declare createdAt: CreationOptional<Date>;
}

export function defineLogShard(sequelize: Sequelize): typeof LogShard {
  return class extends LogShard {}.init(
    {
      name: { type: DataTypes.TEXT, primaryKey: true },
      store: { type: DataTypes.TEXT, allowNull: false },
      url: { type: DataTypes.BLOB, allowNull: false },
      dataKey: { type: DataTypes.BLOB, allowNull: false },
      masterKeyId: { type: DataTypes.TEXT, allowNull: false },
      weight: { type: DataTypes.BIGINT, allowNull: false, defaultValue: 1 },
      state: { type: DataTypes.TEXT, allowNull: false, defaultValue: 'active' },
      createdAt: { type: DataTypes.DATE, allowNull: false },
    },
    { sequelize, modelName: 'LogShard', tableName: 'log_shards', underscored: true, updatedAt: false },
  );
}
