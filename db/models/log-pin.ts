import {
  DataTypes,
  Model,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';

/** The shard that takes all new families of a tenant. */
export class LogPin extends Model<InferAttributes<LogPin>, InferCreationAttributes<LogPin>> {
  declare tenantId: string;
  declare shard: string;
}

export function defineLogPin(sequelize: Sequelize): typeof LogPin {
  return class extends LogPin {}.init(
    {
      tenantId: { type: DataTypes.UUID, primaryKey: true },
      shard: { type: DataTypes.TEXT, allowNull: false },
    },
    { sequelize, modelName: 'LogPin', tableName: 'log_pins', underscored: true, timestamps: false },
  );
}
