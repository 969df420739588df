import { isJsonObject, type Json } from '../../kernel/json.ts';
import { CommandFailure } from '../failure.ts';
import type { Terminal } from '../terminal.ts';
import { table, type Cell } from '../text-table.ts';
import { listAt, textAt, type Customer } from './customer.ts';
import { FAMILY } from './guests.ts';

/** What the host of the party wants to know. A row of an answer has its columns by name, in no order. */
const QUESTIONS = [
  {
    query: `SELECT name, guests, vegetarian, arrival FROM ${FAMILY} ORDER BY guests DESC`,
    columns: ['name', 'guests', 'vegetarian', 'arrival'],
  },
  {
    query: `SELECT arrival, COUNT(*) AS parties, SUM(guests) AS guests FROM ${FAMILY} GROUP BY arrival ORDER BY arrival`,
    columns: ['arrival', 'parties', 'guests'],
  },
];

/** Shows the typed table that the responses have become, and asks it by SQL. */
export async function askBySql(customer: Customer, terminal: Terminal): Promise<void> {
  terminal.out(`\nThe responses as a typed table, "${FAMILY}" (GET /api/describe):`);
  const tables = listAt(await customer.get('/api/describe'), '/tables');
  const described = tables.find((one) => textAt(one, '/name') === FAMILY);
  if (!described) throw new CommandFailure(`GET /api/describe knows no table "${FAMILY}".`, 1);
  print(listAt(described, '/columns'), ['name', 'type', 'nullable'], terminal);
  for (const { query, columns } of QUESTIONS) {
    terminal.out(`\n${query} (POST /api/query):`);
    print(listAt(await customer.post('/api/query', { query }), '/results'), columns, terminal);
  }
}

function print(rows: readonly unknown[], columns: readonly string[], terminal: Terminal): void {
  const cells = rows.filter(isJsonObject).map((row) => columns.map((column) => cellOf(row[column])));
  for (const line of table([columns, ...cells])) terminal.out(`  ${line}`);
}

function cellOf(value: Json | undefined): Cell {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : value;
}
