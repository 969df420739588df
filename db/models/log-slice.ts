import {
  DataTypes,
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';

/** One of the 64 slices of a family, and the shard that holds it since `epoch`. */
export class LogSlice extends Model<InferAttributes<LogSlice>, InferCreationAttributes<LogSlice>> {
  declare tenantId: string;
  declare family: string;
  declare slice: number;
  declare shard: string;
  declare epoch: CreationOptional<number>;
}

export function defineLogSlice(sequelize: Sequelize): typeof LogSlice {
  return class extends LogSlice {}.init(
    {
      tenantId: { type: DataTypes.UUID, primaryKey: true },
      family: { type: DataTypes.TEXT, primaryKey: true },
      slice: { type: DataTypes.BIGINT, primaryKey: true },
      shard: { type: DataTypes.TEXT, allowNull: false },
      epoch: { type: DataTypes.BIGINT, allowNull: false, defaultValue: 1 },
    },
    { sequelize, modelName: 'LogSlice', tableName: 'log_slices', underscored: true, timestamps: false },
  );
}
