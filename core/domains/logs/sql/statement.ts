import type { LogStatement } from '../../../kernel/logs.ts';
import { MysqlEmitter } from './emit-mysql.ts';
import { PostgresEmitter } from './emit-postgres.ts';
import type { Emitter } from './emitter.ts';
import { statementOf } from './fragment.ts';
import type { PlannedQuery, Typed } from './plan.ts';
import { TRUTH } from './types.ts';

export type SqlDialect = 'mysql' | 'postgres';

const HOME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/**
 * A checked query written for one kind of server.
 * @param home the tenant's database (MySQL) or schema (PostgreSQL)
 * @throws SqlFault query_too_complex; SQL_REFUSED for a text with U+0000 on PostgreSQL
 */
export function queryStatement(query: PlannedQuery, dialect: SqlDialect, home: string): LogStatement {
  if (!HOME.test(home)) throw new Error(`"${home}" is not the name of a database or schema.`);
  return statementOf(emitterFor(dialect, home).query(query, 'answer'), dialect === 'postgres');
}

/** A condition on the columns of OWN_TABLE alone. @throws SqlFault as `queryStatement` does */
export function conditionStatement(condition: Typed, dialect: SqlDialect): LogStatement {
  return statementOf(emitterFor(dialect, '').expression(condition, TRUTH), dialect === 'postgres');
}

function emitterFor(dialect: SqlDialect, home: string): Emitter {
  return dialect === 'mysql' ? new MysqlEmitter(`\`${home}\``) : new PostgresEmitter(`"${home}"`);
}
