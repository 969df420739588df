import { setTimeout as sleep } from 'node:timers/promises';
import { SOURCES } from '../../domains/datasets/generating/csv.ts';
import type { CommerceSummary } from '../../domains/datasets/generating/generate-commerce.ts';
import { followPointer, type JsonObject } from '../../kernel/json.ts';
import { CommandFailure } from '../failure.ts';
import { Customer, listAt, textAt, textOf } from './customer.ts';
import { endOfRun } from './run-end.ts';
import { askTheShop, totals } from './shop-questions.ts';
import { Shop } from './shop.ts';
import type { Stage } from './stage.ts';

const BUILD_PATIENCE_MS = 240_000;

type Say = (line: string) => void;

/** A shop's files and payments from their arrival to answers, and the same once more, which changes nothing. */
export async function commerceStory({ terminal, platformUrl, rootKey }: Stage): Promise<void> {
  const say: Say = (line) => terminal.out(`  ${line}`);
  terminal.out(`Platform at ${platformUrl}.\n`);
  const tenant = await new Customer(platformUrl, rootKey).post('/v1/tenants', { name: 'Demo Ltd' });
  const customer = new Customer(platformUrl, textOf(tenant, '/apiKey'));
  const shop = new Shop();
  const { folder, hook } = await turnOn(customer, shop, say);

  terminal.out('\nThirty days of a shop:');
  const summary = await shop.dropFiles(folder);
  say(
    `${summary.files + summary.refused.length} files dropped, ${summary.refused.length} of them not as they should be.`,
  );
  const { messages, duplicates } = await shop.sendMessages(hook);
  say(
    `${messages} messages of payments sent and signed, ahead of their orders; ${duplicates} were sent twice and known.`,
  );
  const loaded = await load(customer, say);
  expectEqual('files loaded', loaded.files, summary.files);
  expectEqual('rows', loaded.rows, loaded.loaded + loaded.held + loaded.quarantined + loaded.deduplicated);
  await showIntake(customer, say);

  terminal.out('\nExported and built:');
  await build(customer, say);
  await compare(customer, summary, say);
  await askTheShop(customer, terminal);

  terminal.out('\nThe same once more:');
  const before = await partitions(customer);
  await shop.dropFiles(folder);
  const again = await shop.sendMessages(hook);
  expectEqual('messages that were known', again.duplicates, again.messages);
  say(`All files written again, and ${again.messages} messages sent: every one was known.`);
  expectEqual('files loaded', (await load(customer, say)).files, loaded.files);
  expectEqual('dirty partitions', dirtyIn(await partitions(customer)), 0);
  const built = await build(customer, say);
  expectEqual('partitions built', followPointer(built, '/build/partitions'), 0);
  const after = await partitions(customer);
  for (const [name, { hash }] of before) expectEqual(`content of ${name}`, after.get(name)?.hash, hash);
  say(`Nothing was loaded, no partition was dirty, and all ${before.size} partitions hold what they held.`);
}

async function turnOn(
  customer: Customer,
  shop: Shop,
  say: Say,
): Promise<{ readonly folder: string; readonly hook: string }> {
  const wanted = { definition: 'commerce', name: 'Shop', config: { signingSecret: shop.secret } };
  const { dataset } = await customer.post('/v1/connections', wanted);
  const intake = dataset as JsonObject;
  const [folder, hook] = [textOf(intake, '/landingFolder'), textOf(intake, '/webhooks/transactions')];
  say('Dataset "commerce" turned on.');
  say(`Files land in ${folder}`);
  say(`Messages go to ${hook}`);
  return { folder, hook };
}

/** Loads what has landed; what is looked for every minute without being asked may have come before. */
async function load(customer: Customer, say: Say): Promise<Counts> {
  await succeeded(customer, await customer.post('/v1/datasets/commerce:load'));
  const counts = await ledger(customer);
  say(
    `The ledger: ${Object.entries(counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')}.`,
  );
  return counts;
}

type Counts = Readonly<Record<'files' | 'rows' | 'loaded' | 'held' | 'quarantined' | 'deduplicated', number>>;

/** What was taken in of files, all in all. */
async function ledger(customer: Customer): Promise<Counts> {
  const sum = { files: 0, rows: 0, loaded: 0, held: 0, quarantined: 0, deduplicated: 0 };
  for (const source of SOURCES) {
    const path = `/v1/datasets/commerce/loads?limit=1000&state=loaded&source=${source}`;
    for (const one of listAt(await customer.get(path), '/items')) {
      sum.files++;
      for (const name of ['rows', 'loaded', 'held', 'quarantined', 'deduplicated'] as const)
        sum[name] += Number(followPointer(one, `/${name}`));
    }
  }
  return sum;
}

async function build(customer: Customer, say: Say): Promise<JsonObject> {
  const begun = performance.now();
  const outputs = await succeeded(customer, await startBuild(customer));
  const count = (pointer: string): number => Number(followPointer(outputs, pointer));
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  say(
    `Exported ${count('/export/rows')} rows, built ${count('/build/partitions')} partitions, in ${seconds} s.`,
  );
  return outputs;
}

/** A night may be under way, which writes the warehouse, too. */
async function startBuild(customer: Customer): Promise<JsonObject> {
  for (const end = Date.now() + BUILD_PATIENCE_MS; Date.now() < end; await sleep(100)) {
    const accepted = await customer.postUnlessBusy('/v1/datasets/commerce:build');
    if (accepted) return accepted;
  }
  throw new CommandFailure('Another run has been writing the warehouse for minutes.', 1);
}

async function succeeded(customer: Customer, accepted: JsonObject): Promise<JsonObject> {
  const run = await endOfRun(customer, textOf(accepted, '/id'), BUILD_PATIENCE_MS);
  if (textOf(run, '/state') === 'succeeded') return run['outputs'] as JsonObject;
  throw new CommandFailure(
    `The run ended ${textOf(run, '/state')}: ${textAt(run, '/error/message') ?? ''}`,
    1,
  );
}

/** What is in the operational store, and what was not taken. */
async function showIntake(customer: Customer, say: Say): Promise<void> {
  const dataset = await customer.get('/v1/datasets/commerce');
  for (const one of listAt(dataset, '/tables')) {
    const held = Number(followPointer(one, '/held'));
    const waiting = held > 0 ? `, and ${held} wait for the row they refer to` : '';
    say(`${(textAt(one, '/name') ?? '').padEnd(12)} ${Number(followPointer(one, '/rows'))} rows${waiting}`);
  }
  for (const one of listAt(await customer.get('/v1/datasets/commerce/loads?state=refused'), '/items')) {
    say(`Refused ${objectOf(one)}: ${textAt(one, '/error') ?? ''}`);
  }
  for (const one of listAt(await customer.get('/v1/datasets/commerce/quarantine'), '/items')) {
    const value = JSON.stringify(followPointer(one, '/value') ?? null);
    say(
      `Quarantined ${objectOf(one)}:${Number(followPointer(one, '/line'))} ${textAt(one, '/column') ?? ''} ${value}: ${textAt(one, '/reason') ?? ''}`,
    );
  }
}

/** Below the landing folder. */
function objectOf(load: unknown): string {
  return (textAt(load, '/object') ?? '').split('/').slice(3).join('/');
}

/** The warehouse against what the generator says its data come to. */
async function compare(customer: Customer, { expected }: CommerceSummary, say: Say): Promise<void> {
  const revenue = `${Math.trunc(expected.revenueCents / 100)}.${String(expected.revenueCents % 100).padStart(2, '0')}`;
  const sales = await totals(customer, 'app_sales', 'revenue_total', 'items_sold');
  expectEqual('revenue and items', sales.join(' '), `${revenue} ${expected.items}`);
  expectEqual(
    'changes of prices',
    (await totals(customer, 'app_price_changes', 'changes'))[0],
    expected.priceChanges,
  );
  expectEqual(
    'payments of no order',
    (await totals(customer, 'unmatched_transactions', 'transactions'))[0],
    expected.unmatchedTransactions,
  );
  say(
    `Revenue ${revenue}, ${expected.items} items and ${expected.priceChanges} changes of prices: to the cent what was made.`,
  );
  say(`${expected.unmatchedTransactions} payments of orders that nobody knows are kept, and reported.`);
}

interface PartitionContent {
  readonly hash: string | undefined;
  readonly state: string | undefined;
}

/** What each partition of the warehouse holds, by its table and date. */
async function partitions(customer: Customer): Promise<ReadonlyMap<string, PartitionContent>> {
  const found = new Map<string, PartitionContent>();
  for (let cursor: string | undefined = ''; cursor !== undefined;) {
    const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page = await customer.get(`/v1/datasets/commerce/partitions?limit=1000${more}`);
    for (const one of listAt(page, '/items')) {
      const name = `${textAt(one, '/table') ?? ''} ${textAt(one, '/partition') ?? ''}`;
      found.set(name, { hash: textAt(one, '/contentHash'), state: textAt(one, '/state') });
    }
    cursor = textAt(page, '/nextCursor');
  }
  return found;
}

function dirtyIn(all: ReadonlyMap<string, PartitionContent>): number {
  return [...all.values()].filter(({ state }) => state !== 'current').length;
}

function expectEqual(what: string, found: unknown, wanted: unknown): void {
  if (found === wanted) return;
  throw new CommandFailure(`Expected ${String(wanted)} for ${what}, and found ${String(found)}.`, 1);
}
