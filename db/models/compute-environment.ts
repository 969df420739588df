import {
  DataTypes,
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import type { JsonObject } from '../../core/kernel/json.ts';
import type { RunError } from '../../core/kernel/runs.ts';
import type { EnvironmentState } from '../../core/kernel/stores/compute.ts';

/** An environment at a provider. Its state moves with the runs that are its operations. */
export class ComputeEnvironment extends Model<
  InferAttributes<ComputeEnvironment>,
  InferCreationAttributes<ComputeEnvironment>
> {
  declare tenantId: string;
  declare id: string;
  declare name: string;
  declare definition: string;
  declare definitionVersion: string;
  declare definitionHash: string;
  declare connectionId: CreationOptional<string | null>;
  declare input: JsonObject;
  declare state: EnvironmentState;
  declare outputs: CreationOptional<JsonObject | null>;
  declare steps: JsonObject;
  declare error: CreationOptional<RunError | null>;
  declare operationId: string;
  declare readAt: CreationOptional<Date>;
  declare createdAt: CreationOptional<Date>;
  declare updatedAt: CreationOptional<Date>;
  declare deletedAt: CreationOptional<Date | null>;
  /** The database's own, as is `heldConnectionId`: never written here. */
  declare readonly attachable: CreationOptional<boolean | null>;
  declare readonly heldConnectionId: CreationOptional<string | null>;
}

export function defineComputeEnvironment(sequelize: Sequelize): typeof ComputeEnvironment {
  return class extends ComputeEnvironment {}.init(
    {
      tenantId: { type: DataTypes.UUID, primaryKey: true },
      id: { type: DataTypes.UUID, primaryKey: true },
      name: { type: DataTypes.TEXT, allowNull: false },
      definition: { type: DataTypes.TEXT, allowNull: false },
      definitionVersion: { type: DataTypes.TEXT, allowNull: false },
      definitionHash: { type: DataTypes.TEXT, allowNull: false },
      connectionId: DataTypes.UUID,
      input: { type: DataTypes.JSON, allowNull: false },
      state: { type: DataTypes.TEXT, allowNull: false },
      outputs: DataTypes.JSON,
      steps: { type: DataTypes.JSON, allowNull: false },
      error: DataTypes.JSON,
      operationId: { type: DataTypes.UUID, allowNull: false },
      readAt: { type: DataTypes.DATE, allowNull: false, defaultValue: DataTypes.NOW },
      createdAt: { type: DataTypes.DATE, allowNull: false },
      updatedAt: { type: DataTypes.DATE, allowNull: false },
      deletedAt: DataTypes.DATE,
      attachable: DataTypes.BOOLEAN,
      heldConnectionId: DataTypes.UUID,
    },
    { sequelize, modelName: 'ComputeEnvironment', tableName: 'compute_environments', underscored: true },
  );
}
