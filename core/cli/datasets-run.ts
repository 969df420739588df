import { Command } from 'commander';
import type { DatasetOffice } from '../domains/datasets/office.ts';
import { isDay } from '../domains/datasets/querying/column-value.ts';
import type { BuildWish } from '../domains/datasets/runs.ts';
import { isJsonObject, type Json } from '../kernel/json.ts';
import { ENDED } from '../kernel/runs.ts';
import type { Dataset } from '../kernel/stores/datasets.ts';
import type { Run } from '../kernel/stores/runs.ts';
import type { CommandDeps } from './command-deps.ts';
import { CommandFailure } from './failure.ts';

export interface TenantOption {
  readonly tenant?: string;
}

interface DaysOption extends TenantOption {
  readonly from?: string;
  readonly to?: string;
  readonly models?: readonly string[];
}

/** A command about one dataset of one tenant. */
export const aboutDataset = (command: Command): Command =>
  command
    .argument('<dataset>', 'id of its definition')
    .option('--tenant <tenant>', 'id or name; not needed where only one has the dataset on');

const takingModels = (command: Command): Command =>
  command.option('--models <name...>', 'only these models, instead of all');

/** `sluice datasets load` */
export const load = (deps: CommandDeps): Command =>
  aboutDataset(new Command('load'))
    .description('Take in the files that have landed.')
    .addHelpText('after', '\nExample:\n  sluice datasets load commerce --tenant Acme')
    .action((id: string, { tenant }: TenantOption) =>
      performed(deps, id, tenant, (office, dataset) => office.load(dataset)),
    );

/** `sluice datasets build` */
export const build = (deps: CommandDeps): Command =>
  takingModels(aboutDataset(new Command('build')))
    .description('Export all there is and build what it touched; with days, those again as well.')
    .option('--from <date>', 'first day that is built in any case')
    .option('--to <date>', 'last one')
    .addHelpText('after', '\nExample:\n  sluice datasets build commerce --from 2026-03-01 --to 2026-03-31 --models app_sales')
    .action((id: string, options: DaysOption) =>
      performed(deps, id, options.tenant, (office, dataset) => office.build(dataset, wishOf(options))),
    );

/** `sluice datasets backfill` */
export const backfill = (deps: CommandDeps): Command =>
  takingModels(aboutDataset(new Command('backfill')))
    .description('Build days again. Where the same was tried before and failed, that run goes on from where it failed.')
    .requiredOption('--from <date>', 'first day')
    .requiredOption('--to <date>', 'last day')
    .addHelpText('after', '\nExample:\n  sluice datasets backfill commerce --from 2026-01-01 --to 2026-03-31')
    .action((id: string, options: DaysOption) =>
      performed(deps, id, options.tenant, (office, dataset) => office.backfill(dataset, wishOf(options))),
    );

function wishOf({ from, to, models }: DaysOption): BuildWish {
  for (const [option, text] of [['--from', from], ['--to', to]] as const) {
    if (text === undefined || isDay(text)) continue;
    throw new CommandFailure(`${option} ${text} is not usable. Accepted: a date such as 2026-03-01.`);
  }
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }), ...(models && { models }) };
}

/** Begins a run, and follows it to its end. */
async function performed(
  deps: CommandDeps,
  id: string,
  tenant: string | undefined,
  begin: (office: DatasetOffice, dataset: Dataset) => Promise<Run>,
): Promise<void> {
  const run = await deps.composition.withDatasets(deps.settings(), async (office, carryOut) => {
    const dataset = await office.find(id, tenant);
    const begun = await begin(office, dataset);
    return carryOut(async () => {
      const now = await office.run(dataset, begun.id);
      deps.terminal.progress(progressOf(now));
      return ENDED.includes(now.state) || now.state === 'needs_review' ? now : undefined;
    });
  });
  deps.terminal.progress('');
  const { state, error, outputs } = run;
  if (state !== 'succeeded') throw new CommandFailure(`The run ${run.id} is ${state}: ${error?.message ?? 'nothing more is known'}`, 1);
  for (const line of countLines(outputs ?? {})) deps.terminal.out(line);
}

function progressOf({ state, cursor: { intent } }: Run): string {
  const counts = intent?.poll?.previous;
  return `${intent?.step ?? state}${isJsonObject(counts) ? `: ${countLines(counts).join(', ')}` : ''}`;
}

/** `files 3`, `build.partitions 12` */
function countLines(outputs: Json, prefix = ''): string[] {
  if (!isJsonObject(outputs)) return [];
  return Object.entries(outputs).flatMap(([name, value]) =>
    typeof value === 'number' ? [`${prefix}${name} ${value}`] : countLines(value, `${prefix}${name}.`),
  );
}
