import { SluiceError } from '../../core/kernel/errors.ts';
import type { User, UserStore } from '../../core/kernel/stores/users.ts';
import type { User as UserRow } from '../models/user.ts';
import { explained } from './constraint.ts';
import { cut } from './page.ts';
import { orConflict, type Session } from './transaction.ts';

const LIST = `
  SELECT tenant_id AS "tenantId", id, email, name, role, version, created_at AS "createdAt", updated_at AS "updatedAt"
  FROM users u
  WHERE tenant_id = $1 AND ($2::text IS NULL OR lower(email) = lower($2)) AND ($3::text IS NULL OR role = $3)
    AND ($4::uuid IS NULL OR EXISTS (SELECT FROM repo_users a
      WHERE a.tenant_id = u.tenant_id AND a.repo_id = $4 AND a.user_id = u.id))
    AND ($5::uuid IS NULL OR id < $5)
  ORDER BY id DESC LIMIT $6`;

export function userStore({ models, transaction, client }: Session): UserStore {
  return {
    async insert(user) {
      await orTaken(user, () => models.User.create(user, { transaction, silent: true }));
    },
    async find(tenantId, id) {
      const row = await models.User.findOne({ where: { tenantId, id }, transaction });
      return row === null ? undefined : showUser(row);
    },
    async list(tenantId, { email, role, repoId }, page) {
      const values = [tenantId, email ?? null, role ?? null, repoId ?? null, page.after ?? null, page.limit + 1];
      const { rows } = await client.query<User>(LIST, values);
      return cut(rows, page, (row) => row);
    },
    async update(user) {
      const { tenantId, id, email, name, role } = user;
      const row = await models.User.findOne({ where: { tenantId, id }, transaction, rejectOnEmpty: true });
      row.set({ email, name, role });
      const save = (): Promise<UserRow> => orTaken(user, () => row.save({ transaction }));
      return orConflict('user', async () => showUser(await save()));
    },
    async delete(tenantId, id) {
      await models.User.destroy({ where: { tenantId, id }, transaction });
    },
  };
}

function orTaken<T>({ email }: User, work: () => Promise<T>): Promise<T> {
  return explained(work, ({ name }, cause) =>
    name === 'users_by_email'
      ? new SluiceError('CONFLICT', `There is a user with the e-mail address "${email}", in this or another case.`, { cause })
      : undefined,
  );
}

function showUser(row: UserRow): User {
  const { tenantId, id, email, name, role, createdAt, updatedAt } = row;
  return { tenantId, id, email, name, role, version: Number(row.version), createdAt, updatedAt };
}
