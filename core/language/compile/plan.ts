import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import type { Registry } from '../../kernel/registry.ts';
import { urlLeaf } from '../encode-leaf.ts';
import { childPointer } from '../load/document.ts';
import { compileErrors } from '../modifiers/errors.ts';
import { compileRetry, DEFAULT_RETRY } from '../modifiers/retry.ts';
import type { Outline, PipelineOutline } from '../outline.ts';
import type { Evaluator, Pipeline, Plan, Scope, Step } from '../plan.ts';
import { compileSchema, secretPointers } from '../schema/compiled.ts';
import { compileAuth } from '../sections/auth.ts';
import type { DefinitionSource } from '../source.ts';
import { verbOf } from '../verbs/all.ts';
import type { StepCompiler } from '../verbs/verb.ts';
import { appSchema } from './app.ts';
import { deepFreeze } from './freeze.ts';
import { contentHash } from './hash.ts';
import { PROTOCOLS } from './render.ts';
import { rulePointers } from './rule-pointers.ts';
import { condition, leaf, tree } from './strict.ts';
import { asText } from '../schema/show.ts';

/** Compiles what lint has found nothing wrong with. */
export function compilePlan(source: DefinitionSource, outline: Outline, registry: Registry): Plan {
  const { root } = outline;
  const app = appSchema(outline, registry);
  const pipelines = outline.pipelines.map((pipeline) => compilePipeline(pipeline, root, registry));
  const plan: Plan = {
    kind: 'integration',
    id: asText(root['id']),
    version: asText(root['version']),
    hash: contentHash(source),
    title: asText(root['title']),
    ...textIn(root, 'description'),
    ...textIn(root, 'docs'),
    document: root,
    connection: compileSchema(schemaIn(root, 'connection')),
    app: compileSchema(app),
    secrets: { connection: secretPointers(root['connection']), app: secretPointers(app) },
    ...compileBaseUrl(root['baseUrl']),
    egress: compileEgress(root['egress']),
    auth: compileAuth(root['auth'], '/auth', registry),
    errors: compileErrors(root['errors'], '/errors'),
    pipelines: new Map(pipelines.map((pipeline) => [pipeline.name, pipeline])),
    rules: rulePointers(root),
  };
  return deepFreeze(plan);
}

function textIn<K extends string>(root: JsonObject, key: K): Partial<Record<K, string>> {
  const value = root[key];
  return typeof value === 'string' ? ({ [key]: value } as Record<K, string>) : {};
}

function schemaIn(node: JsonObject, key: string): JsonObject | undefined {
  const value = node[key];
  return isJsonObject(value) ? value : undefined;
}

function compileBaseUrl(node: Json | undefined): Pick<Plan, 'baseUrl'> {
  if (typeof node !== 'string') return {};
  const { render, guarded } = urlLeaf(node, PROTOCOLS);
  // Paths begin with a slash, so the base does not end with one.
  return { baseUrl: { evaluate: (scope) => render(scope).replace(/\/+$/, ''), guarded } };
}

function compileEgress(node: Json | undefined): (scope: Scope) => readonly string[] {
  const urls = Array.isArray(node)
    ? (node as readonly Json[]).map((url) => urlLeaf(asText(url), PROTOCOLS))
    : [];
  return (scope) => urls.map(({ render }) => new URL(render(scope)).origin);
}

function compilePipeline(pipeline: PipelineOutline, root: JsonObject, registry: Registry): Pipeline {
  const { node, pointer, name } = pipeline;
  const compiler = stepCompiler(node, name === 'verify', root, registry);
  const outputs = isJsonObject(node['outputs']) ? node['outputs'] : {};
  const steps =
    name === 'verify'
      ? pipeline.steps.map((step) => step.verb.compile(step, compiler))
      : compiler.steps(node['steps'] ?? [], childPointer(pointer, 'steps'), '');
  return {
    name,
    ...textIn(node, 'title'),
    input: compileSchema(schemaIn(node, 'input')),
    steps,
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([key, value]) => [
        key,
        tree(value, childPointer(pointer, 'outputs', key)),
      ]),
    ),
    ...compileConcurrency(node['concurrency'] ?? (name === 'verify' ? undefined : root['concurrency'])),
  };
}

function compileConcurrency(node: Json | undefined): { concurrency?: { key: Evaluator; limit: number } } {
  if (!isJsonObject(node)) return {};
  const { key, limit } = node;
  return { concurrency: { key: leaf(asText(key)), limit: typeof limit === 'number' ? limit : 1 } };
}

function stepCompiler(
  action: JsonObject,
  isVerify: boolean,
  root: JsonObject,
  registry: Registry,
): StepCompiler {
  const compiler: StepCompiler = {
    errors: compileErrors(root['errors'], '/errors'),
    retry: compileRetry(DEFAULT_RETRY, root['retry']),
    timeout: root['timeout'],
    // To verify a connection is to ask something; some systems take questions by POST.
    idempotency: isVerify ? { mode: 'safe' } : action['idempotency'],
    headers: root['headers'],
    query: root['query'],
    steps: (list, pointer, path) => compileSteps(list, pointer, path, compiler),
    auth(node, pointer) {
      const choices = compileAuth(node, pointer, registry);
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

function withCondition(step: Step, node: JsonObject, pointer: string): Step {
  return 'if' in node ? { ...step, if: condition(node['if'] ?? null, childPointer(pointer, 'if')) } : step;
}
