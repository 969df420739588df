import type { ClientBase } from 'pg';
import { OptimisticLockError, type Transaction } from 'sequelize';
import { SluiceError } from '../../core/kernel/errors.ts';
import type { Models } from '../models/index.ts';
import type { OpenTransaction } from '../open.ts';
import type { Unawaited } from '../transaction.ts';
import type { Vault } from '../vault.ts';

/** What every store of one transaction works with. */
export interface Session {
  readonly models: Models;
  readonly transaction: Transaction;
  /** The transaction's own connection, for statements that models have no words for. */
  readonly client: ClientBase;
  readonly vault: Vault;
  /** For what is written and not looked at again: it goes out with what follows. */
  readonly unawaited: Unawaited;
}

export function sessionOf(transaction: OpenTransaction, unawaited: Unawaited, models: Models, vault: Vault): Session {
  return { models, transaction, vault, client: transaction.connection, unawaited };
}

/** Turns a lost race between two changes of one row into CONFLICT. */
export async function orConflict<T>(noun: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OptimisticLockError)) throw error;
    throw new SluiceError(
      'CONFLICT',
      `The ${noun} was changed by another request at the same time. Read it again.`,
      {
        cause: error,
      },
    );
  }
}
