import { Argument, Command } from 'commander';
import type { CommandDeps } from './command-deps.ts';
import { commerceStory } from './demo/commerce-story.ts';
import { computeStory } from './demo/compute-story.ts';
import { formStory } from './demo/form-story.ts';
import { perform, type Story } from './demo/stage.ts';

const STORIES: Readonly<Record<string, Story>> = { form: formStory, compute: computeStory, commerce: commerceStory };

/** A cloud's minutes are seconds in the sandbox; a demo makes them shorter still. */
const TIME_SCALE = 0.2;

/** `sluice demo`: a story from end to end, on a database and vendors of its own that vanish afterwards. */
export const command = (deps: CommandDeps): Command =>
  new Command('demo')
    .description('Show a form whose responses go to a sheet, a phone and a typed table, compute environments, or a shop from its files to answers, with no account anywhere.')
    .addArgument(new Argument('[story]', 'what to show').choices(Object.keys(STORIES)).default('form'))
    .addHelpText('after', '\nExample:\n  sluice demo compute')
    .action((story: string) => perform(deps, STORIES[story]!, { timeScale: TIME_SCALE }));
