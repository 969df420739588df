import { notFound, SluiceError } from '../../core/kernel/errors.ts';
import type { Repo, RepoStore } from '../../core/kernel/stores/repos.ts';
import type { Repo as RepoRow } from '../models/repo.ts';
import { explained } from './constraint.ts';
import { cut } from './page.ts';
import { orConflict, type Session } from './transaction.ts';

const LIST = `
  SELECT tenant_id AS "tenantId", id, name, compute_environment_id AS "computeEnvironmentId", version,
    created_at AS "createdAt", updated_at AS "updatedAt"
  FROM repos r
  WHERE tenant_id = $1 AND ($2::uuid IS NULL OR compute_environment_id = $2)
    AND ($3::uuid IS NULL OR EXISTS (SELECT FROM repo_users a
      WHERE a.tenant_id = r.tenant_id AND a.user_id = $3 AND a.repo_id = r.id))
    AND ($4::uuid IS NULL OR id < $4)
  ORDER BY id DESC LIMIT $5`;

const ASSIGN = `INSERT INTO repo_users (tenant_id, repo_id, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`;
const UNASSIGN = `DELETE FROM repo_users WHERE tenant_id = $1 AND repo_id = $2 AND user_id = $3`;

export function repoStore({ models, transaction, client }: Session): RepoStore {
  return {
    async insert(repo) {
      await orRefused(repo, () => models.Repo.create(repo, { transaction, silent: true }));
    },
    async find(tenantId, id) {
      const row = await models.Repo.findOne({ where: { tenantId, id }, transaction });
      return row === null ? undefined : showRepo(row);
    },
    async list(tenantId, { computeEnvironmentId, userId }, page) {
      const values = [tenantId, computeEnvironmentId ?? null, userId ?? null, page.after ?? null, page.limit + 1];
      const { rows } = await client.query<Repo>(LIST, values);
      return cut(rows, page, (row) => row);
    },
    async update(repo) {
      const { tenantId, id, name, computeEnvironmentId } = repo;
      const row = await models.Repo.findOne({ where: { tenantId, id }, transaction, rejectOnEmpty: true });
      row.set({ name, computeEnvironmentId });
      const save = (): Promise<RepoRow> => orRefused(repo, () => row.save({ transaction }));
      return orConflict('repo', async () => showRepo(await save()));
    },
    async delete(tenantId, id) {
      await models.Repo.destroy({ where: { tenantId, id }, transaction });
    },
    async assign(tenantId, repoId, userId) {
      const { rowCount } = await explained(
        () => client.query(ASSIGN, [tenantId, repoId, userId]),
        ({ name }) => notFound(name === 'repo_users_user' ? 'user' : 'repo'),
      );
      return rowCount === 1;
    },
    async unassign(tenantId, repoId, userId) {
      const { rowCount } = await client.query(UNASSIGN, [tenantId, repoId, userId]);
      return rowCount === 1;
    },
  };
}

/** The database has the last word: between a look at the environment and this statement its deletion may have begun. */
function orRefused<T>({ name, computeEnvironmentId }: Repo, work: () => Promise<T>): Promise<T> {
  return explained(work, (broken, cause) => {
    if (broken.name === 'repos_by_name') {
      return new SluiceError('CONFLICT', `There is a repo named "${name}", in this or another case.`, { cause });
    }
    if (broken.name !== 'repos_environment') return undefined;
    const detail = `The compute environment ${computeEnvironmentId} is not ACTIVE or DEGRADED (any more): no repo can stand on it.`;
    return new SluiceError('ENVIRONMENT_NOT_READY', detail, { cause });
  });
}

function showRepo(row: RepoRow): Repo {
  const { tenantId, id, name, computeEnvironmentId, createdAt, updatedAt } = row;
  return { tenantId, id, name, computeEnvironmentId, version: Number(row.version), createdAt, updatedAt };
}
