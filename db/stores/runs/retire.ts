import type { ClientBase } from 'pg';

const RETIRE = `
  DELETE FROM runs WHERE ctid = ANY (ARRAY (
    SELECT ctid FROM runs
    WHERE state = 'succeeded' AND (kind IN ('forward', 'read', 'retire') OR kind = 'load' AND outputs ->> 'files' = '0')
      AND finished_at < now() - interval '7 days'
    ORDER BY finished_at LIMIT $1))`;

/**
 * Forgets runs that the platform makes by itself, over and over (batches that were forwarded, looks at environments,
 * retirements of datasets and loads that found nothing), a week after they have gone well, their traces with them. Those that failed stay: somebody may replay them.
 * @returns how many went, `limit` where more are left
 */
export async function retireRuns(client: Pick<ClientBase, 'query'>, limit: number): Promise<number> {
  return (await client.query(RETIRE, [limit])).rowCount ?? 0;
}
