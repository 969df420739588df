import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { systemClock } from '../kernel/clock.ts';
import { messageOf } from '../kernel/errors.ts';
import { uuid7 } from '../kernel/ids.ts';
import { isJsonObject, type JsonObject } from '../kernel/json.ts';
import type { Registry } from '../kernel/registry.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { compileDefinition } from '../language/compile.ts';
import type { Plan } from '../language/plan.ts';
import { formatFinding } from '../language/source.ts';
import { drive, type DriveOptions, type DriveResult } from '../runtime/drive.ts';
import { createHttpClient } from '../runtime/http/client.ts';
import type { CommandDeps } from './command-deps.ts';
import { readDefinitions } from './definition-files.ts';
import { CommandFailure } from './failure.ts';
import { traceJson, traceRowLine } from './trace-text.ts';

interface Options {
  readonly connection?: string;
  readonly input?: string;
  readonly event?: string;
  readonly environment?: string;
  readonly events?: string;
  readonly format: 'text' | 'json';
}

/** `sluice run`: one pipeline against the real system, in this process; 0 where it succeeded, 1 where not. */
export const command = (deps: CommandDeps): Command =>
  new Command('run')
    .description('Run one action, or another pipeline, against the real system. No server and no database are needed.')
    .argument('<definition>', 'the definition, a .yaml file')
    .argument('<pipeline>', 'one of its actions; verify; create, read or delete of a provisioner; batch of a sink')
    .option('--connection <file>', 'JSON file with the connection; $oauth may hold its tokens')
    .option('--input <file>', "JSON file with the action's input")
    .option('--event <file>', 'JSON file with the event the templates see')
    .option('--environment <file>', 'JSON file with the environment: id, name, input, outputs, steps')
    .option('--events <file>', 'JSON file with a list of events for a sink: id, timestamp, family, fields')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      '\nExample:\n  sluice run definitions/integrations/twilio-sms.yaml send --connection twilio.json --input message.json',
    )
    .action(async (definition: string, name: string, options: Options) => {
      const registry = await deps.composition.loadRegistry();
      const plan = compile(definition, registry);
      const result = await perform(deps, plan, pipelineOf(plan, name), options, registry);
      if (options.format === 'json') printJson(deps, result);
      else printEnd(deps, result);
      deps.exit(result.state === 'succeeded' ? 0 : 1);
    });

function compile(file: string, registry: Registry): Plan {
  const [source] = readDefinitions([file]).sources;
  const { plan, findings } = source ? compileDefinition(source, registry) : { plan: undefined, findings: [] };
  const errors = findings.filter((finding) => finding.severity === 'error');
  if (plan && errors.length === 0) return plan;
  throw new CommandFailure([`${file} has errors:`, ...errors.map(formatFinding)].join('\n'));
}

function pipelineOf(plan: Plan, name: string): string {
  const names = [...plan.pipelines.keys()];
  const found = [`actions/${name}`, name].find((candidate) => names.includes(candidate));
  if (found !== undefined) return found;
  const short = names.map((pipeline) => pipeline.replace(/^actions\//, ''));
  const noun = plan.kind === 'integration' ? 'action' : 'pipeline';
  const known = short.length > 0 ? `it has ${short.join(', ')}` : 'it has none';
  throw new CommandFailure(`${plan.id} has no ${noun} "${name}"; ${known}.${didYouMean(name, short)}`);
}

async function perform(
  deps: CommandDeps,
  plan: Plan,
  pipeline: string,
  options: Options,
  registry: Registry,
): Promise<DriveResult> {
  const settings = deps.settings();
  const http = createHttpClient({
    endpoints: settings.endpoints,
    egressAllow: settings.egressAllow,
    clock: systemClock,
  });
  const app = settings.apps[plan.id];
  try {
    return await drive({
      plan,
      pipeline,
      connection: readJson('--connection', options.connection) ?? {},
      input: readJson('--input', options.input) ?? {},
      ...broughtBy(options),
      ...(app && { app }),
      http,
      registry,
      clock: systemClock,
      sleep: (ms) => sleep(ms),
      ...(options.format === 'text' && { onTrace: (row) => deps.terminal.out(traceRowLine(row)) }),
    });
  } finally {
    http.close();
  }
}

/** What runs of some kinds bring with them, besides their input. */
function broughtBy(options: Options): Pick<DriveOptions, 'event' | 'context' | 'events'> {
  const event = readJson('--event', options.event);
  const environment = readJson('--environment', options.environment);
  const events = readEvents(options.events);
  const id = uuid7(systemClock.now());
  return {
    ...(event && { event }),
    ...(events
      ? { events, context: { batch: { id, family: events[0]?.['family'] ?? 'test', count: events.length } } }
      : { context: { environment: { id, name: 'local', input: {}, outputs: {}, steps: {}, ...environment } } }),
  };
}

function readEvents(file: string | undefined): readonly JsonObject[] | undefined {
  if (file === undefined) return undefined;
  const events = parse('--events', existing('--events', file));
  if (Array.isArray(events) && events.length > 0 && events.every(isJsonObject)) return events;
  throw new CommandFailure(`--events: ${file} holds no list of JSON objects.`);
}

function readJson(option: string, file: string | undefined): JsonObject | undefined {
  if (file === undefined) return undefined;
  const value = parse(option, existing(option, file));
  if (isJsonObject(value)) return value;
  throw new CommandFailure(`${option}: ${file} holds no JSON object.`);
}

function existing(option: string, file: string): string {
  if (existsSync(file)) return file;
  throw new CommandFailure(`${option}: there is no file ${file}.`);
}

function parse(option: string, file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CommandFailure(`${option}: ${file} can't be read as JSON: ${messageOf(error)}`, 2, {
      cause: error,
    });
  }
}

function printJson({ terminal }: CommandDeps, { state, outputs, error, steps, effects }: DriveResult): void {
  const result = {
    state,
    outputs: outputs ?? null,
    error: error ?? null,
    steps: steps.map(traceJson),
    effects: effects.map(({ step, state: standing }) => ({ step, state: standing })),
  };
  terminal.out(JSON.stringify(result, undefined, 2));
}

function printEnd({ terminal }: CommandDeps, { state, outputs, error, effects }: DriveResult): void {
  terminal.out(error ? `${state} (${error.kind}): ${error.message}` : state);
  for (const effect of effects.filter((one) => one.state === 'leaked'))
    terminal.out(`left behind: ${effect.step}: ${effect.error?.message ?? 'it could not be undone'}`);
  if (outputs && Object.keys(outputs).length > 0) terminal.out(JSON.stringify(outputs, undefined, 2));
}
