import { Command, Option } from 'commander';
import type { TestResult } from '../domains/datasets/warehouse/test-models.ts';
import type { CommandDeps } from './command-deps.ts';
import { aboutDataset, type TenantOption } from './datasets-run.ts';
import { plural } from './plural.ts';

/** `sluice datasets test`: 1 where a test fails. */
export const test = (deps: CommandDeps): Command =>
  aboutDataset(new Command('test'))
    .description('Run the tests of all models over what is current. Nothing is built.')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExample:\n  sluice datasets test commerce --format json')
    .action(async (id: string, { tenant, format }: TenantOption & { format: 'text' | 'json' }) => {
      deps.terminal.progress(`testing ${id}`);
      const results = await deps.composition.withDatasets(deps.settings(), async (office) =>
        office.test(await office.find(id, tenant)),
      );
      deps.terminal.progress('');
      if (format === 'json') deps.terminal.out(JSON.stringify(results, undefined, 2));
      else for (const line of linesOf(results)) deps.terminal.out(line);
      deps.exit(results.every(({ ok }) => ok) ? 0 : 1);
    });

function linesOf(results: readonly TestResult[]): string[] {
  const failed = results.filter(({ ok }) => !ok);
  const told = failed.map(({ model, test: name, partition, message }) => {
    return `${model}${partition === undefined ? '' : ` ${partition}`}: ${name}: ${message}`;
  });
  const count = (found: readonly TestResult[]): number => new Set(found.map(({ model, test: name }) => `${model} ${name}`)).size;
  return [...told, `${plural(count(results), 'test')}, ${count(failed)} failed.`];
}
