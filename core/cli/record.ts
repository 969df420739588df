import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { systemClock } from '../kernel/clock.ts';
import type { JsonObject } from '../kernel/json.ts';
import { TARGETS, type DefinitionTest } from '../language/definition-test.ts';
import { recordedTest } from '../runtime/recording/recorded-test.ts';
import { Recorder } from '../runtime/recording/recorder.ts';
import type { CommandDeps } from './command-deps.ts';
import { CommandFailure } from './failure.ts';
import {
  performRun,
  pipelineNamed,
  readGiven,
  runnable,
  takingRun,
  type Given,
  type Listening,
  type RunOptions,
} from './pipeline-run.ts';
import { printResult } from './run.ts';
import { withTest } from './test-file.ts';

interface RecordOptions extends RunOptions {
  readonly name?: string;
}

/** `sluice record`: runs a pipeline, and writes what was exchanged as a test; 0 where the test was written. */
export const command = (deps: CommandDeps): Command =>
  takingRun(new Command('record'))
    .description(
      'Run one action, or another pipeline, against the real system, and add what was exchanged as a test to ' +
        '<id>.test.yaml beside the definition. Secrets are replaced by stand-ins; a run that fails makes a test, too.',
    )
    .option('--name <name>', 'what the test is called')
    .addHelpText(
      'after',
      '\nExample:\n  sluice record definitions/integrations/twilio-sms.yaml send --connection twilio.json ' +
        '--input message.json --name "sends a message"',
    )
    .action(async (definition: string, name: string, options: RecordOptions) => {
      const registry = await deps.composition.loadRegistry();
      const { plan, tests, source } = runnable(definition, registry);
      const pipeline = pipelineNamed(plan, name);
      const given = readGiven(deps, plan, options);
      const called = nameOf(options.name, pipeline, tests);
      const recorder = new Recorder(systemClock);
      const listening: Listening = {
        clients: (http) => ({ http: recorder.client(http, 'scheme'), stepHttp: recorder.client(http, 'step') }),
        stepTypes: recorder.stepTypes((type) => registry.stepType(type)),
      };
      const result = await performRun(deps, { plan, pipeline, given, registry }, options, listening);
      printResult(deps, result, options);
      const recorded = { plan, given: testOf(called, pipeline, given), result, heard: recorder.heard };
      const recording = await recordedTest(recorded, registry);
      if ('why' in recording) throw new CommandFailure(`No test was written: ${recording.why}.`, 1);
      const file = source.tests?.file ?? source.file.replace(/(\.ya?ml)$/, '.test$1');
      write(file, recording.test);
      deps.terminal.err(
        `Recorded as "${called}" in ${file}. Secrets were replaced; what was sent and answered beside them is in it ` +
          'as it was: look through it before you share it.',
      );
    });

/** @throws CommandFailure (2) where a test is called so already */
function nameOf(asked: string | undefined, pipeline: string, tests: readonly DefinitionTest[]): string {
  const names = new Set(tests.map(({ name }) => name));
  if (asked === undefined) {
    const day = new Date(systemClock.now()).toISOString().slice(0, 10);
    const name = `${pipeline.replace(/^actions\//, '')} as recorded on ${day}`;
    for (let number = 1; ; number++) {
      const numbered = number === 1 ? name : `${name} (${number})`;
      if (!names.has(numbered)) return numbered;
    }
  }
  if (asked.trim() === '') throw new CommandFailure('--name: a test is called something.');
  if (names.has(asked)) throw new CommandFailure(`--name: there is a test "${asked}" already; give this one another name.`);
  return asked;
}

function testOf(name: string, pipeline: string, { connection, app, input, event, environment, events }: Given): DefinitionTest {
  return {
    name,
    ...targetOf(pipeline),
    ...(connection && { connection }),
    ...(app && { app }),
    ...(input && { input }),
    ...(event && { event }),
    ...(environment && { environment }),
    ...(events && { events: events as DefinitionTest['events'] }),
  } as DefinitionTest;
}

/** What a test names as what it runs: `pipelineOf` of the language, the other way. */
function targetOf(pipeline: string): JsonObject {
  if (pipeline.startsWith('actions/')) return { action: pipeline.slice('actions/'.length) };
  if (pipeline === 'batch') return { sink: true };
  return TARGETS.some((target) => target === pipeline) ? { [pipeline]: true } : { sink: pipeline };
}

function write(file: string, test: DefinitionTest): void {
  const place = path.resolve(file);
  const before = existsSync(place) ? readFileSync(place, 'utf8') : '';
  try {
    writeFileSync(place, withTest(before, test));
  } catch (error) {
    throw new CommandFailure(`${file} can't be written.`, 1, { cause: error });
  }
}
