import pg from 'pg';
import { RunExclusion } from '../../../core/kernel/runs.ts';

/** @returns the error of a statement as `RunExclusion`, where it failed at the run's exclusive key */
export function asExclusion(error: unknown, exclusiveKey: string | undefined): unknown {
  const excluded =
    error instanceof pg.DatabaseError && error.code === '23505' && error.constraint === 'runs_exclusive';
  return excluded && exclusiveKey !== undefined ? new RunExclusion(exclusiveKey, { cause: error }) : error;
}
