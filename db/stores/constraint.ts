import pg from 'pg';
import { BaseError } from 'sequelize';

/** SQLSTATEs. A foreign key that restricts has one of its own from PostgreSQL 18 on; Sequelize 6 knows only the older. */
const KINDS: Readonly<Record<string, 'unique' | 'foreignKey'>> = {
  '23505': 'unique',
  '23503': 'foreignKey',
  '23001': 'foreignKey',
};

/** A constraint that a statement would have broken. */
export interface BrokenConstraint {
  readonly kind: 'unique' | 'foreignKey';
  /** Its name in the schema. */
  readonly name: string;
}

/** @returns the constraint that an error of a statement, or of a model, is about; undefined where it is about none */
export function brokenConstraint(error: unknown): BrokenConstraint | undefined {
  const cause = error instanceof BaseError && 'original' in error ? error.original : error;
  if (!(cause instanceof pg.DatabaseError)) return undefined;
  const kind = KINDS[cause.code ?? ''];
  return kind && { kind, name: cause.constraint ?? '' };
}

/**
 * Does `work`, and throws what `explain` makes of a constraint that it broke. What `explain` has nothing to say about
 * is thrown as it is.
 */
export async function explained<T>(
  work: () => Promise<T>,
  explain: (broken: BrokenConstraint, cause: unknown) => Error | undefined,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const broken = brokenConstraint(error);
    throw (broken && explain(broken, error)) ?? error;
  }
}
