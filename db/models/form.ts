import {
  DataTypes,
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import type { Json } from '../../core/kernel/json.ts';

/** A form and its questions, as the API takes them. */
export class Form extends Model<InferAttributes<Form>, InferCreationAttributes<Form>> {
  declare tenantId: string;
  declare id: string;
  declare title: string;
  declare questions: readonly Json[];
  declare published: CreationOptional<boolean>;
  /** Raised by every save; a save of an older one throws OptimisticLockError. */
  declare version: CreationOptional<number>;
  declare createdAt: CreationOptional<Date>;
  declare updatedAt: CreationOptional<Date>;
}

export function defineForm(sequelize: Sequelize): typeof Form {
  return class extends Form {}.init(
    {
      tenantId: { type: DataTypes.UUID, primaryKey: true },
      id: { type: DataTypes.UUID, primaryKey: true },
      title: { type: DataTypes.TEXT, allowNull: false },
      questions: { type: DataTypes.JSONB, allowNull: false },
      published: { type: DataTypes.BOOLEAN, allowNull: false, defaultValue: false },
      version: { type: DataTypes.BIGINT, allowNull: false, defaultValue: 1 },
      createdAt: { type: DataTypes.DATE, allowNull: false },
      updatedAt: { type: DataTypes.DATE, allowNull: false },
    },
    { sequelize, modelName: 'Form', tableName: 'forms', underscored: true, version: true },
  );
}
