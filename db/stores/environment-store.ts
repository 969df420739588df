import type { ClientBase } from 'pg';
import { Op, type WhereOptions } from 'sequelize';
import { SluiceError } from '../../core/kernel/errors.ts';
import type { JsonObject } from '../../core/kernel/json.ts';
import type { RunError } from '../../core/kernel/runs.ts';
import type {
  ComputeEnvironment,
  EnvironmentState,
  EnvironmentStore,
} from '../../core/kernel/stores/compute.ts';
import type { ComputeEnvironment as EnvironmentRow } from '../models/compute-environment.ts';
import { explained } from './constraint.ts';
import { cut, pageOptions } from './page.ts';
import { inSavepoint } from './savepoint.ts';
import type { Session } from './transaction.ts';

// The change makes it unattachable, which the foreign key of repos refuses as long as one is attached.
const BEGIN_DELETE = `
  UPDATE compute_environments SET state = 'DELETING', operation_id = $4, error = NULL, updated_at = now()
  WHERE tenant_id = $1 AND id = $2 AND operation_id = $3`;

const REPOS = `
  SELECT id FROM repos WHERE tenant_id = $1 AND compute_environment_id = $2 ORDER BY id LIMIT $3`;

const BY_CONNECTION = `
  SELECT id FROM compute_environments WHERE tenant_id = $1 AND held_connection_id = $2 ORDER BY id LIMIT $3`;

// In a statement of its own: an environment is accepted in milliseconds, and a model would take some of them.
const INSERT = `
  INSERT INTO compute_environments (tenant_id, id, name, definition, definition_version, definition_hash, connection_id,
    input, state, outputs, steps, error, operation_id, created_at, updated_at, deleted_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`;

export function environmentStore({ models, transaction, client, unawaited }: Session): EnvironmentStore {
  return {
    async insert(environment) {
      const create = () => client.query({ name: 'environment-insert', text: INSERT, values: valuesOf(environment) });
      const created = explained(create, ({ name }, cause) =>
        name === 'compute_environments_by_name' ? taken(environment, cause) : undefined,
      );
      unawaited(created);
    },
    async find(tenantId, id) {
      const row = await models.ComputeEnvironment.findOne({ where: { tenantId, id }, transaction });
      return row === null ? undefined : showEnvironment(row);
    },
    async list(tenantId, { states, provisioner }, page) {
      const { where, ...rest } = pageOptions(
        { tenantId, ...(provisioner === undefined ? {} : { definition: provisioner }) },
        page,
      );
      const shown = { [Op.and]: [where, { state: { [Op.ne]: 'DELETED' } }, ...(states ? [{ state: [...states] }] : [])] };
      const rows = await models.ComputeEnvironment.findAll({ where: shown as WhereOptions, ...rest, transaction });
      return cut(rows, page, showEnvironment);
    },
    async beginDelete({ tenantId, id, name, operationId: before }, operationId) {
      const begin = () => client.query(BEGIN_DELETE, [tenantId, id, before, operationId]);
      const { rowCount } = await explained(
        () => inSavepoint(client, begin),
        (broken, cause) =>
          broken.name === 'repos_environment'
            ? new SluiceError('IN_USE', `The compute environment "${name}" is used by repos.`, { cause })
            : undefined,
      );
      return rowCount === 1;
    },
    repos: (tenantId, id, limit) => ids(client, REPOS, [tenantId, id, limit]),
    byConnection: (tenantId, connectionId, limit) => ids(client, BY_CONNECTION, [tenantId, connectionId, limit]),
  };
}

function taken({ name }: ComputeEnvironment, cause: unknown): SluiceError {
  return new SluiceError('CONFLICT', `There is a compute environment named "${name}", in this or another case.`, { cause });
}

async function ids(client: ClientBase, query: string, values: readonly unknown[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(query, [...values]);
  return rows.map(({ id }) => id);
}

function valuesOf(environment: ComputeEnvironment): unknown[] {
  const { tenantId, id, name, definition, connectionId, input, state, outputs, steps, error } = environment;
  const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
  return [
    ...[tenantId, id, name, definition.id, definition.version, definition.hash, connectionId ?? null],
    ...[json(input), state, json(outputs), json(steps), json(error)],
    ...[environment.operationId, environment.createdAt, environment.updatedAt, environment.deletedAt ?? null],
  ];
}

/** A row as the models and the statements of the timetable read it. */
export interface EnvironmentColumns {
  readonly tenantId: string;
  readonly id: string;
  readonly name: string;
  readonly definition: string;
  readonly definitionVersion: string;
  readonly definitionHash: string;
  readonly connectionId: string | null;
  readonly input: JsonObject;
  readonly state: EnvironmentState;
  readonly outputs: JsonObject | null;
  readonly steps: JsonObject;
  readonly error: RunError | null;
  readonly operationId: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}

export function showEnvironment(row: EnvironmentColumns | EnvironmentRow): ComputeEnvironment {
  const { tenantId, id, name, input, state, steps, operationId, createdAt, updatedAt } = row;
  return {
    tenantId,
    id,
    name,
    definition: { id: row.definition, version: row.definitionVersion, hash: row.definitionHash },
    connectionId: row.connectionId ?? undefined,
    input,
    state,
    outputs: row.outputs ?? undefined,
    steps,
    error: row.error ?? undefined,
    operationId,
    createdAt,
    updatedAt,
    deletedAt: row.deletedAt ?? undefined,
  };
}
