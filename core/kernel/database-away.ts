/**
 * True where an error says that the database could not be reached, or cut the connection: the same statement may well
 * succeed in a moment. Socket errors, and SQLSTATE classes 08 (connection), 53 (resources) and 57P (shutdown); pg gives a
 * cut connection no code, and Sequelize wraps what it meets.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : undefined;
  if (typeof code === 'string') return /^(ECONN|ENOTFOUND|EPIPE|ETIMEDOUT|08|53|57P)/.test(code);
  if (/^(Connection terminated|Client has encountered a connection error)/.test(error.message)) return true;
  if (error.name.startsWith('SequelizeConnection')) return true;
  return 'parent' in error && isDatabaseAway(error.parent);
}
