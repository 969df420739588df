import { Command } from 'commander';
import type { CommandDeps } from './command-deps.ts';
import { generate } from './datasets-generate.ts';
import { backfill, build, load } from './datasets-run.ts';
import { test } from './datasets-test.ts';

const BESIDE =
  '\nA run is carried out by the running workers, or where there are none by the command itself. With the embedded ' +
  'database, whose folder belongs to the running server, use the API instead: POST /v1/datasets/{id}:load and :build.';

/** `sluice datasets`: loads, builds and tests of datasets, for the operator. The API has the first two under /v1/datasets. */
export const command = (deps: CommandDeps): Command =>
  new Command('datasets')
    .description('Load, build and test datasets, and make data for them.')
    .addHelpText('after', `\nExample:\n  sluice datasets load commerce\n${BESIDE}`)
    .addCommand(load(deps))
    .addCommand(build(deps))
    .addCommand(backfill(deps))
    .addCommand(test(deps))
    .addCommand(generate(deps));
