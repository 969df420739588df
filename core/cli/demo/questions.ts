import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { CommandFailure } from '../failure.ts';
import type { Terminal } from '../terminal.ts';
import { table, type Cell } from '../text-table.ts';
import { listAt, textAt, type Customer } from './customer.ts';
import { FAMILY } from './guests.ts';

/** What the host of the party wants to know. */
const QUESTIONS = [
  `SELECT name, guests, vegetarian, arrival FROM ${FAMILY} ORDER BY guests DESC`,
  `SELECT arrival, COUNT(*) AS parties, SUM(guests) AS guests FROM ${FAMILY} GROUP BY arrival ORDER BY arrival`,
];

/** Shows the typed table that the responses have become, and asks it by SQL. */
export async function askBySql(customer: Customer, terminal: Terminal): Promise<void> {
  terminal.out(`\nThe responses as a typed table, "${FAMILY}" (GET /api/describe):`);
  const tables = listAt(await customer.get('/api/describe'), '/tables');
  const described = tables.find((one) => textAt(one, '/name') === FAMILY);
  if (!described) throw new CommandFailure(`GET /api/describe knows no table "${FAMILY}".`, 1);
  print(listAt(described, '/columns').filter(isJsonObject), terminal);
  for (const query of QUESTIONS) {
    terminal.out(`\n${query} (POST /api/query):`);
    const { results } = await customer.post('/api/query', { query });
    print(listAt({ results: results ?? [] }, '/results').filter(isJsonObject), terminal);
  }
}

/** Objects of the same keys, as a table. */
function print(rows: readonly JsonObject[], terminal: Terminal): void {
  const columns = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => columns.map((column) => cellOf(row[column])));
  for (const line of table([columns, ...cells])) terminal.out(`  ${line}`);
}

function cellOf(value: Json | undefined): Cell {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : value;
}
