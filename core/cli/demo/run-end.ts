import { setTimeout as sleep } from 'node:timers/promises';
import { ENDED } from '../../kernel/runs.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { CommandFailure } from '../failure.ts';
import { textOf, type Customer } from './customer.ts';

const PATIENCE_MS = 60_000;

/** Where a person has to go on, nobody here does. */
const STOPPED: readonly string[] = [...ENDED, 'needs_review'];

/** A run as it is once it has ended, well or not. */
export async function endOfRun(
  customer: Customer,
  id: string,
  patienceMs = PATIENCE_MS,
): Promise<JsonObject> {
  for (const end = Date.now() + patienceMs; ;) {
    const run = await customer.get(`/v1/runs/${id}`);
    if (STOPPED.includes(textOf(run, '/state'))) return run;
    if (Date.now() > end)
      throw new CommandFailure(
        `Run ${id} is still ${textOf(run, '/state')} after ${patienceMs / 1000} seconds.`,
        1,
      );
    await sleep(50);
  }
}
