import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { systemClock } from '../kernel/clock.ts';
import { messageOf } from '../kernel/errors.ts';
import { uuid7 } from '../kernel/ids.ts';
import { isJsonObject, type JsonObject } from '../kernel/json.ts';
import type { Registry } from '../kernel/registry.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { compileDefinition, type Compilation } from '../language/compile.ts';
import type { Plan } from '../language/plan.ts';
import { formatFinding, type DefinitionSource } from '../language/source.ts';
import { drive, type DriveOptions, type DriveResult } from '../runtime/drive.ts';
import { createHttpClient, type SluiceHttpClient } from '../runtime/http/client.ts';
import type { CommandDeps } from './command-deps.ts';
import { readDefinitions } from './definition-files.ts';
import { CommandFailure } from './failure.ts';
import { traceRowLine } from './trace-text.ts';

/** What the commands that run one pipeline are given, as files. */
export interface RunOptions {
  readonly connection?: string;
  readonly input?: string;
  readonly event?: string;
  readonly environment?: string;
  readonly events?: string;
  readonly format: 'text' | 'json';
}

/** The arguments and options of such a command. */
export function takingRun(command: Command): Command {
  return command
    .argument('<definition>', 'the definition, a .yaml file')
    .argument('<pipeline>', 'one of its actions; verify; create, read or delete of a provisioner; batch of a sink')
    .option('--connection <file>', 'JSON file with the connection; $oauth may hold its tokens')
    .option('--input <file>', "JSON file with the action's input")
    .option('--event <file>', 'JSON file with the event the templates see')
    .option('--environment <file>', 'JSON file with the environment: id, name, input, outputs, steps')
    .option('--events <file>', 'JSON file with a list of events for a sink: id, timestamp, family, fields')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'));
}

/** A definition that can be run, as read and as compiled. @throws CommandFailure (2) with its errors */
export function runnable(
  file: string,
  registry: Registry,
): Pick<Compilation, 'tests'> & { readonly plan: Plan; readonly source: DefinitionSource } {
  const [source] = readDefinitions([file]).sources;
  if (!source) throw new CommandFailure(`${file} is no definition.`);
  const { plan, tests, findings } = compileDefinition(source, registry);
  const errors = findings.filter((finding) => finding.severity === 'error');
  if (plan && errors.length === 0) return { plan, tests, source };
  throw new CommandFailure([`${file} has errors:`, ...errors.map(formatFinding)].join('\n'));
}

/** The whole name of a pipeline. @throws CommandFailure (2) with those there are */
export function pipelineNamed(plan: Plan, name: string): string {
  const names = [...plan.pipelines.keys()];
  const found = [`actions/${name}`, name].find((candidate) => names.includes(candidate));
  if (found !== undefined) return found;
  const short = names.map((pipeline) => pipeline.replace(/^actions\//, ''));
  const noun = plan.kind === 'integration' ? 'action' : 'pipeline';
  const known = short.length > 0 ? `it has ${short.join(', ')}` : 'it has none';
  throw new CommandFailure(`${plan.id} has no ${noun} "${name}"; ${known}.${didYouMean(name, short)}`);
}

/** What a run is given. `environment` and `events` are those of a provisioner and of a sink. */
export interface Given {
  readonly connection: JsonObject | undefined;
  readonly app: JsonObject | undefined;
  readonly input: JsonObject | undefined;
  readonly event: JsonObject | undefined;
  readonly environment: JsonObject | undefined;
  readonly events: readonly JsonObject[] | undefined;
}

/** @throws CommandFailure (2) where a file is not there, or holds something else */
export function readGiven(deps: CommandDeps, plan: Plan, options: RunOptions): Given {
  return {
    connection: readJson('--connection', options.connection),
    app: deps.settings().apps[plan.id],
    input: readJson('--input', options.input),
    event: readJson('--event', options.event),
    environment: readJson('--environment', options.environment),
    events: readEvents(options.events),
  };
}

/** How a run is listened to. */
export interface Listening {
  /** The client that steps send with, and the one that auth schemes do. */
  readonly clients: (http: SluiceHttpClient) => Pick<DriveOptions, 'http' | 'stepHttp'>;
  readonly stepTypes: NonNullable<DriveOptions['stepTypes']>;
}

/** Runs a pipeline against the real system, in this process, and prints its trace as it goes unless JSON is asked for. */
export async function performRun(
  deps: CommandDeps,
  run: { readonly plan: Plan; readonly pipeline: string; readonly given: Given; readonly registry: Registry },
  { format }: RunOptions,
  listening?: Listening,
): Promise<DriveResult> {
  const { endpoints, egressAllow } = deps.settings();
  const http = createHttpClient({ endpoints, egressAllow, clock: systemClock });
  const { plan, pipeline, given, registry } = run;
  try {
    return await drive({
      plan,
      pipeline,
      connection: given.connection ?? {},
      input: given.input ?? {},
      ...broughtBy(given),
      ...(given.app && { app: given.app }),
      ...(listening ? listening.clients(http) : { http }),
      ...(listening && { stepTypes: listening.stepTypes }),
      registry,
      clock: systemClock,
      sleep: (ms) => sleep(ms),
      ...(format === 'text' && { onTrace: (row) => deps.terminal.out(traceRowLine(row)) }),
    });
  } finally {
    http.close();
  }
}

/** What runs of some kinds bring with them, besides their input. */
function broughtBy({ event, environment, events }: Given): Pick<DriveOptions, 'event' | 'context' | 'events'> {
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
