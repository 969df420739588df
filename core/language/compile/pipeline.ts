import { parseDuration } from '../../kernel/duration.ts';
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import type { Registry } from '../../kernel/registry.ts';
import { childPointer } from '../load/document.ts';
import { compileErrors } from '../modifiers/errors.ts';
import { compileRetry, DEFAULT_RETRY } from '../modifiers/retry.ts';
import type { PipelineOutline } from '../outline/pipeline.ts';
import { mapIn } from '../outline/steps.ts';
import type { EffectStep, Evaluator, Pipeline, Step } from '../plan.ts';
import { compileSchema } from '../schema/compiled.ts';
import { asText } from '../schema/show.ts';
import { compileAuth } from '../sections/auth.ts';
import { verbOf } from '../verbs/all.ts';
import type { StepCompiler, WrittenStep } from '../verbs/verb.ts';
import { condition, leaf, tree } from './strict.ts';

export function compilePipeline(
  outline: Pick<PipelineOutline, 'name' | 'node' | 'pointer' | 'input' | 'steps'>,
  root: JsonObject,
  registry: Registry,
): Pipeline {
  const { node, pointer, name, input } = outline;
  const isVerify = name === 'verify';
  const compiler = stepCompiler(node, isVerify, root, registry);
  const steps = isVerify
    ? outline.steps.map((step) => step.verb.compile(step, compiler))
    : compiler.steps(node['steps'] ?? [], childPointer(pointer, 'steps'), '');
  const title = node['title'];
  return {
    name,
    ...(typeof title === 'string' ? { title } : {}),
    input: compileSchema(isJsonObject(input?.node) ? input.node : undefined),
    steps,
    outputs: compileOutputs(mapIn(node, 'outputs'), childPointer(pointer, 'outputs')),
    ...compileConcurrency(node['concurrency'] ?? (isVerify ? undefined : root['concurrency'])),
    ...compileDeadlines(node),
    compensates: steps.some(compensates),
    ...('healthy' in node ? { healthy: condition(node['healthy'] ?? null, childPointer(pointer, 'healthy')) } : {}),
  };
}

function compileOutputs(outputs: JsonObject, pointer: string): Pipeline['outputs'] {
  const entries = Object.entries(outputs).map(([key, value]) => [key, tree(value, childPointer(pointer, key))] as const);
  return Object.fromEntries(entries);
}

function compileConcurrency(node: Json | undefined): { concurrency?: { key: Evaluator; limit: number } } {
  if (!isJsonObject(node)) return {};
  const { key, limit } = node;
  return { concurrency: { key: leaf(asText(key)), limit: typeof limit === 'number' ? limit : 1 } };
}

/** The way back may take as long as the way forward, where nothing else is said. */
function compileDeadlines({ deadline, rollbackDeadline }: JsonObject): Pick<Pipeline, 'deadlineMs' | 'rollbackDeadlineMs'> {
  const forward = parseDuration(asText(deadline));
  const back = parseDuration(asText(rollbackDeadline)) ?? forward;
  return {
    ...(forward === undefined ? {} : { deadlineMs: forward }),
    ...(back === undefined ? {} : { rollbackDeadlineMs: back }),
  };
}

function compensates(step: Step): boolean {
  if (step.verb === 'switch') return step.branches.some(({ steps }) => steps.some(compensates));
  return (step.verb === 'request' || step.verb === 'use') && step.undo !== undefined;
}

function stepCompiler(node: JsonObject, isVerify: boolean, root: JsonObject, registry: Registry): StepCompiler {
  const compiler: StepCompiler = {
    registry,
    errors: compileErrors(root['errors'], '/errors'),
    retry: compileRetry(DEFAULT_RETRY, root['retry']),
    timeout: root['timeout'],
    // To verify a connection is to ask something; some systems take questions by POST.
    idempotency: isVerify ? { mode: 'safe' } : node['idempotency'],
    headers: root['headers'],
    query: root['query'],
    steps: (list, pointer, path) => compileSteps(list, pointer, path, compiler),
    effect: (step) => compileEffectStep(step, compiler),
    auth(auth, pointer) {
      const choices = compileAuth(auth, pointer, registry);
      return choices.length === 0 ? 'none' : choices;
    },
  };
  return compiler;
}

function compileSteps(list: Json, pointer: string, path: string, compiler: StepCompiler): Step[] {
  return (Array.isArray(list) ? (list as readonly Json[]) : []).flatMap((node, i) => {
    const verb = isJsonObject(node) ? verbOf(node) : undefined;
    if (!isJsonObject(node) || !verb) return [];
    const id = asText(node['id']);
    const step = verb.compile(
      { id, path: path ? `${path}/${id}` : id, pointer: childPointer(pointer, i), node },
      compiler,
    );
    return [withCondition(step, node, childPointer(pointer, i))];
  });
}

function compileEffectStep(written: WrittenStep, compiler: StepCompiler): EffectStep {
  const step = verbOf(written.node)?.compile(written, compiler);
  if (step?.verb === 'request' || step?.verb === 'use') return step;
  throw new Error(`Lint let through what is no request and no step type, at ${written.pointer}.`);
}

function withCondition(step: Step, node: JsonObject, pointer: string): Step {
  return 'if' in node ? { ...step, if: condition(node['if'] ?? null, childPointer(pointer, 'if')) } : step;
}
