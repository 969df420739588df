import { followPointer, type JsonObject } from '../../kernel/json.ts';
import { CommandFailure } from '../failure.ts';
import { listAt, textAt, textOf, type Customer } from './customer.ts';

/**
 * Follows an operation over server-sent events to its end, and tells what changes.
 * @throws CommandFailure where it does not succeed
 */
export async function followOperation(customer: Customer, id: string, say: (line: string) => void): Promise<void> {
  let said = '';
  let last: JsonObject = {};
  for await (const operation of customer.events(`/v1/operations/${id}/events`)) {
    last = operation;
    const line = lineOf(operation);
    if (line !== said) say(line);
    said = line;
  }
  if (textAt(last, '/state') === 'SUCCEEDED') return;
  const leaked = listAt(last, '/leakedResources').length;
  throw new CommandFailure(
    `The operation ended ${textAt(last, '/state') ?? 'nowhere'}: ${textAt(last, '/error/message') ?? ''} (${leaked} resources leaked)`,
    1,
  );
}

function lineOf(operation: JsonObject): string {
  const [done, total] = ['/progress/done', '/progress/total'].map((at) => Number(followPointer(operation, at)));
  const step = textAt(operation, '/progress/step');
  const at = step === undefined ? '' : `  ${step}`;
  return `${textOf(operation, '/kind')} ${textOf(operation, '/state').padEnd(10)} ${done} of ${total}${at}`;
}
