import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import type { Registry } from '../../kernel/registry.ts';
import { urlLeaf } from '../encode-leaf.ts';
import { compileErrors } from '../modifiers/errors.ts';
import type { Outline } from '../outline.ts';
import { forward } from '../outline/steps.ts';
import type { Plan, Scope } from '../plan.ts';
import { compileSchema, secretPointers } from '../schema/compiled.ts';
import { asText } from '../schema/show.ts';
import { compileAuth } from '../sections/auth.ts';
import { compileSink } from '../sections/sink.ts';
import type { DefinitionSource } from '../source.ts';
import { appSchema } from './app.ts';
import { compileDataset } from './dataset.ts';
import { datasetPipelines } from './dataset-pipelines.ts';
import { deepFreeze } from './freeze.ts';
import { contentHash } from './hash.ts';
import { compilePipeline } from './pipeline.ts';
import { purgePipeline } from './purge.ts';
import { PROTOCOLS } from './render.ts';
import { rulePointers } from './rule-pointers.ts';

/** Compiles what lint has found nothing wrong with. */
export function compilePlan(source: DefinitionSource, outline: Outline, registry: Registry): Plan {
  const { root } = outline;
  const app = appSchema(outline, registry);
  const pipelines = [...outline.pipelines, ...purgePipeline(root), ...datasetPipelines(root)].map((pipeline) =>
    compilePipeline(pipeline, root, registry),
  );
  const plan: Plan = {
    kind: root['kind'] as Plan['kind'],
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
    progress: progressOf(outline),
    ...(root['kind'] === 'sink' ? { sink: compileSink(root) } : {}),
    ...(root['kind'] === 'dataset' ? { dataset: compileDataset(root, source.files ?? {}) } : {}),
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

/** The paths of the steps that `progress` names. */
function progressOf({ root, pipelines }: Outline): string[] {
  const steps = forward(pipelines.find(({ name }) => name === 'create')?.steps ?? []);
  const named = Array.isArray(root['progress']) ? (root['progress'] as readonly Json[]) : [];
  return named.flatMap((id) => steps.find((step) => step.id === id)?.path ?? []);
}
