import { Command, Option } from 'commander';
import type { ShardOnRecord } from '../domains/logs/shard-office.ts';
import type { CommandDeps } from './command-deps.ts';
import { CommandFailure } from './failure.ts';
import { table } from './text-table.ts';

const BESIDE =
  '\nRunning processes hear of it at once. With the embedded database, whose folder belongs to the running server, ' +
  'use the API instead: /v1/shards, with the root key.';

/** `sluice shards`: the servers that hold logs, for the operator. The API has the same under /v1/shards. */
export const command = (deps: CommandDeps): Command =>
  new Command('shards')
    .description('Look after the servers that hold logs.')
    .addHelpText('after', `\nExample:\n  sluice shards list\n${BESIDE}`)
    .addCommand(list(deps))
    .addCommand(add(deps))
    .addCommand(drain(deps));

const list = (deps: CommandDeps): Command =>
  new Command('list')
    .description('Show the servers, and what is on them as last measured.')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExample:\n  sluice shards list --format json')
    .action(async ({ format }: { format: 'text' | 'json' }) => {
      const shards = await deps.composition.withShards(deps.settings(), (office) => office.list());
      if (format === 'json') deps.terminal.out(JSON.stringify(shards, undefined, 2));
      else if (shards.length === 0) deps.terminal.out('There are no shards. `sluice shards add` adds one; so does SLUICE_LOG_SHARDS at the start.');
      else for (const line of table([HEADER, ...shards.map(row)])) deps.terminal.out(line);
    });

const HEADER = ['name', 'store', 'state', 'weight', 'families', 'bytes'];

function row({ name, store, state, weight, families, bytes }: ShardOnRecord): readonly (string | number)[] {
  return [name, store, state, weight, families, bytes];
}

const add = (deps: CommandDeps): Command =>
  new Command('add')
    .description('Add a server, which must answer. New families are placed on it from now on.')
    .argument('<name>', 'small letters, digits and "-"')
    .argument('<url>', "an administrator's, mysql://... or postgres://...; it is kept encrypted and not shown again")
    .option('--weight <n>', 'how many of the new families it takes, beside the others; 0 takes none', '1')
    .addHelpText('after', '\nExample:\n  sluice shards add eu2 mysql://root:secret@db2:3306 --weight 2')
    .action(async (name: string, url: string, options: { weight: string }) => {
      const weight = weightOf(options.weight);
      const shard = await deps.composition.withShards(deps.settings(), (office) => office.add({ name, url, weight }));
      deps.terminal.out(`The shard ${shard.name} (${shard.store}) is ${shard.state}, with a weight of ${shard.weight}.`);
    });

function weightOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new CommandFailure(`--weight ${text} is not usable. Accepted: a whole number from 0.`);
}

const drain = (deps: CommandDeps): Command =>
  new Command('drain')
    .description('Place no new families on a server. Those it has stay, and take events as before.')
    .argument('<name>', 'which one')
    .addHelpText('after', '\nExample:\n  sluice shards drain eu1')
    .action(async (name: string) => {
      const shard = await deps.composition.withShards(deps.settings(), (office) => office.drain(name));
      deps.terminal.out(`The shard ${shard.name} is ${shard.state}: it keeps the families it has, and takes no new ones.`);
    });
