import {
  DataTypes,
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import type { Json, JsonObject } from '../../core/kernel/json.ts';

/** Trigger to action. A form's actions have the source `form.response` and the form's id as `sourceId`. */
export class Automation extends Model<InferAttributes<Automation>, InferCreationAttributes<Automation>> {
  declare tenantId: string;
  declare id: string;
  declare source: string;
  declare sourceId: string;
  declare definition: string;
  declare action: string;
  declare connectionId: CreationOptional<string | null>;
  declare input: JsonObject;
  declare condition: CreationOptional<Json>;
  declare enabled: CreationOptional<boolean>;
  declare createdAt: CreationOptional<Date>;
  declare updatedAt: CreationOptional<Date>;
}

export function defineAutomation(sequelize: Sequelize): typeof Automation {
  return class extends Automation {}.init(
    {
      tenantId: { type: DataTypes.UUID, primaryKey: true },
      id: { type: DataTypes.UUID, primaryKey: true },
      source: { type: DataTypes.TEXT, allowNull: false },
      sourceId: { type: DataTypes.UUID, allowNull: false },
      definition: { type: DataTypes.TEXT, allowNull: false },
      action: { type: DataTypes.TEXT, allowNull: false },
      connectionId: DataTypes.UUID,
      input: { type: DataTypes.JSON, allowNull: false },
      condition: DataTypes.JSON,
      enabled: { type: DataTypes.BOOLEAN, allowNull: false, defaultValue: true },
      createdAt: { type: DataTypes.DATE, allowNull: false },
      updatedAt: { type: DataTypes.DATE, allowNull: false },
    },
    { sequelize, modelName: 'Automation', tableName: 'automations', underscored: true },
  );
}
