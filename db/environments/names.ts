import { StepFault } from '../../core/kernel/errors.ts';
import { isUuid } from '../../core/kernel/ids.ts';

/** Names of environments' databases and roles, as a pattern of PostgreSQL's. */
export const ENVIRONMENT_NAMES = '^env_[0-9a-f]{32}$';

/** The name of an environment's database, and of its role. @throws StepFault for what is no id */
export function nameOf(environment: string): string {
  if (isUuid(environment)) return `env_${environment.replaceAll('-', '')}`;
  throw new StepFault('config', `"${environment}" is not the id of an environment: a lower-case UUID is.`, {
    code: 'INVALID_REQUEST',
  });
}

/** The lock under which an environment's database and role are made and dropped. It goes with the session. */
export const LOCK = `SELECT pg_advisory_lock(hashtextextended($1, 0))`;
