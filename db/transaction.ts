import type pg from 'pg';

/**
 * Takes the answer of a statement that nobody waits for: what it throws, the transaction's end throws. Whoever sends
 * several such statements, and then commits, waits once.
 */
export type Unawaited = (answer: Promise<unknown>) => void;

/**
 * Runs `work` in one transaction, and commits. The beginning goes out with the first statement, and the commit with the
 * last ones that nobody waits for: the pool's connections are in pipeline mode, where statements are sent and done in the
 * order they were given, whether the ones before are answered or not. After one that fails the server refuses the rest,
 * the commit too.
 * @param begin a statement, or several: the simple protocol takes them at once
 * @throws what an unawaited statement threw, the first of them; else what `work` throws, after a rollback
 */
export async function inTransaction<T>(
  pool: pg.Pool,
  begin: string,
  work: (client: pg.PoolClient, unawaited: Unawaited) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  const answers: Promise<unknown>[] = [];
  const unawaited: Unawaited = (answer) => {
    // It is heard further down; until then it must not count as one that nobody handles.
    answer.catch(() => {});
    answers.push(answer);
  };
  let broken: Error | undefined;
  try {
    unawaited(client.query(begin));
    const result = await work(client, unawaited);
    const committed = client.query('COMMIT');
    unawaited(committed);
    await allOf(answers);
    refuseRollback(await committed);
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((err: Error) => {
      broken = err;
    });
    // What `work` met may be no more than that the transaction was lost before.
    await allOf(answers);
    throw error;
  } finally {
    client.release(broken);
  }
}

/** In the order they were sent: what failed first is why the others did. */
async function allOf(answers: readonly Promise<unknown>[]): Promise<void> {
  for (const answer of answers) await answer;
}

/** The server answers the commit of a transaction in which something failed, too: it says that it has rolled back. */
function refuseRollback({ command }: pg.QueryResult): void {
  if (command === 'COMMIT') return;
  throw new Error(`A commit was answered with ${command}: a statement before it failed, and whoever sent it passed that over.`);
}
