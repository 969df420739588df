import { formatDuration } from '../../kernel/duration.ts';
import { followPointer, type JsonObject } from '../../kernel/json.ts';
import type { Terminal } from '../terminal.ts';
import { traceLine } from '../trace-text.ts';
import { Customer, listAt, textAt } from './customer.ts';
import type { Submission } from './scenario.ts';
import { table, type Cell } from '../text-table.ts';

/** Prints the trace of every run. Returns how many of them did not succeed. */
export function printRuns(submissions: readonly Submission[], terminal: Terminal): number {
  terminal.out('\nWhat happened, run by run:');
  for (const { answers, runs } of submissions) {
    for (const run of runs) printRun(run, textAt(answers, '/name') ?? '', terminal);
  }
  return submissions.flatMap(({ runs }) => runs).filter((run) => run['state'] !== 'succeeded').length;
}

function printRun(run: JsonObject, name: string, terminal: Terminal): void {
  const definition = textAt(run, '/definition/id') ?? textAt(run, '/definition') ?? '';
  terminal.out(`\n  ${definition} for ${name}: ${textAt(run, '/state') ?? ''}`);
  for (const step of listAt(run, '/steps')) terminal.out(`    ${stepLine(step)}`);
  const message = textAt(run, '/error/message');
  if (message !== undefined) terminal.out(`    ${message}`);
}

function stepLine(step: unknown): string {
  const status = followPointer(step, '/response/status');
  return traceLine({
    step: textAt(step, '/step') ?? '',
    attempt: Number(followPointer(step, '/attempt')),
    state: textAt(step, '/state') ?? '',
    status: typeof status === 'number' ? status : undefined,
    rule: textAt(step, '/rule'),
    wait: waitOf(step),
    message: textAt(step, '/error/message'),
  });
}

/** ISO 8601; undefined where the attempt was followed by no wait. */
function waitOf(step: unknown): string | undefined {
  const wait = followPointer(step, '/wait');
  return typeof wait === 'number' ? formatDuration(wait) : textAt(step, '/wait');
}

/** Prints which attempts met a 429, and how long their runs waited. */
export function printWaits(submissions: readonly Submission[], terminal: Terminal): void {
  terminal.out('\nThe waits for a 429:');
  for (const { answers, runs } of submissions) {
    for (const step of runs.flatMap((run) => listAt(run, '/steps'))) {
      const wait = waitOf(step);
      if (wait === undefined || followPointer(step, '/response/status') !== 429) continue;
      const name = textAt(answers, '/name') ?? '';
      terminal.out(
        `  ${name}: "${textAt(step, '/step') ?? ''}" was answered with 429 and came again after ${wait}.`,
      );
    }
  }
}

/** Prints the sheet as the sandbox holds it. */
export async function printSheet(sandboxUrl: string, terminal: Terminal): Promise<void> {
  const state = await new Customer(sandboxUrl, '').get('/_sandbox/state');
  const rows = listAt(state, '/google/spreadsheets/0/sheets/0/values') as readonly (readonly Cell[])[];
  terminal.out('\nThe sheet:');
  for (const line of table(rows)) terminal.out(`  ${line}`);
}

/** Prints the messages that reached the phone. */
export async function printMessages(sandboxUrl: string, terminal: Terminal): Promise<void> {
  const state = await new Customer(sandboxUrl, '').get('/_sandbox/state');
  terminal.out('\nThe messages:');
  for (const message of listAt(state, '/twilio/messages')) {
    terminal.out(`  to ${textAt(message, '/to') ?? ''}: ${textAt(message, '/body') ?? ''}`);
  }
}
