import { runStoreContract } from '../runtime/run-store.contract.ts';
import { runTable, type RunTable } from '../support/run-table.ts';

let table: RunTable;

before(async () => {
  table = await runTable();
});

after(() => table.drop());

runStoreContract('The run table', () => table);
