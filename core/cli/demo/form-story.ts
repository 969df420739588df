import { CommandFailure } from '../failure.ts';
import { printMessages, printRuns, printSheet, printWaits } from './print.ts';
import { askBySql } from './questions.ts';
import { playScenario } from './scenario.ts';
import type { Stage } from './stage.ts';

/** A form whose responses go to a sheet, a phone, and a typed table that is then asked by SQL. */
export async function formStory({ platformUrl, rootKey, sandbox, terminal }: Stage): Promise<void> {
  terminal.out(`Platform at ${platformUrl}, sandbox of Google Sheets and Twilio at ${sandbox.url}.\n`);
  const place = { platformUrl, rootKey, sandboxUrl: sandbox.url, credentials: sandbox.credentials };
  const { customer, submissions } = await playScenario(place, (line) => terminal.out(`  ${line}`));
  const failed = printRuns(submissions, terminal);
  printWaits(submissions, terminal);
  await printSheet(sandbox.url, terminal);
  await printMessages(sandbox.url, terminal);
  await askBySql(customer, terminal);
  if (failed > 0) throw new CommandFailure(`${failed} runs did not succeed.`, 1);
}
