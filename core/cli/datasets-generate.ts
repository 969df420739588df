import path from 'node:path';
import { Command, Option } from 'commander';
import { folderSink } from '../domains/datasets/generating/folder-sink.ts';
import { generateCommerce, type CommerceSummary } from '../domains/datasets/generating/generate-commerce.ts';
import { messageOf } from '../kernel/errors.ts';
import type { CommandDeps } from './command-deps.ts';
import { CommandFailure } from './failure.ts';

const GENERATED = 'commerce';

interface GenerateOptions {
  readonly days: string;
  readonly orders: string;
  readonly seed: string;
  readonly from?: string;
  readonly out?: string;
  readonly tenant?: string;
  readonly format: 'text' | 'json';
}

/** `sluice datasets generate`: no database is opened where the folder is named. */
export const generate = (deps: CommandDeps): Command =>
  new Command('generate')
    .description('Make data of a shop for the dataset commerce: files, and the messages of its payments as transactions.ndjson.')
    .argument('<dataset>', 'there is data for commerce')
    .option('--days <n>', 'how many days', '30')
    .option('--orders <n>', 'how many orders in all', '10000')
    .option('--seed <n>', 'the same numbers and seed make the same data', '1')
    .option('--from <date>', 'the first day')
    .option('--out <folder>', 'where to; without it, the landing folder of the tenant')
    .option('--tenant <tenant>', 'id or name; not needed where only one has the dataset on')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExample:\n  sluice datasets generate commerce --days 30 --orders 10000 --seed 1 --out ./shop')
    .action(async (dataset: string, options: GenerateOptions) => {
      if (dataset !== GENERATED) throw new CommandFailure(`There is no data for "${dataset}". Accepted: ${GENERATED}.`);
      const folder = options.out === undefined ? await landingFolder(deps, options) : path.resolve(options.out);
      const summary = await generated(folder, options);
      if (options.format === 'json') deps.terminal.out(JSON.stringify({ folder, ...summary }, undefined, 2));
      else for (const line of linesOf(folder, summary)) deps.terminal.out(line);
    });

function landingFolder(deps: CommandDeps, { tenant }: GenerateOptions): Promise<string> {
  return deps.composition.withDatasets(deps.settings(), async (office) =>
    office.landingFolder(await office.find(GENERATED, tenant)),
  );
}

async function generated(folder: string, { days, orders, seed, from }: GenerateOptions): Promise<CommerceSummary> {
  const numbers = { days: numberOf('--days', days), orders: numberOf('--orders', orders), seed: numberOf('--seed', seed) };
  const out = await folderSink(folder);
  try {
    return await generateCommerce({ ...numbers, ...(from !== undefined && { from }), out });
  } catch (error) {
    if (error instanceof RangeError) throw new CommandFailure(messageOf(error), 2, { cause: error });
    throw error;
  } finally {
    await out.close();
  }
}

function numberOf(option: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new CommandFailure(`${option} ${text} is not usable. Accepted: a whole number.`);
}

function linesOf(folder: string, { from, to, files, refused, rows, messages }: CommerceSummary): string[] {
  const counts = Object.entries(rows).map(([source, count]) => `${count} ${source}`);
  return [
    `${folder} has ${files} files of ${from} to ${to}: ${counts.join(', ')}; and ${messages} messages.`,
    ...refused.map(({ key, why }) => `${key} is to be refused: ${why}.`),
  ];
}
