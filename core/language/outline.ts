import type { JsonObject } from '../kernel/json.ts';
import { integrationPipelines } from './outline/integration.ts';
import { mapOrEmpty, verifyOutline, type PipelineOutline } from './outline/pipeline.ts';
import { BESIDE_CREATE, environmentOf, provisionerPipelines } from './outline/provisioner.ts';
import { BATCH, sinkPipelines } from './outline/sink.ts';
import type { Declared } from './scope/variables.ts';
import { unionOf, VALUE } from './scope/shape.ts';

/**
 * A definition as far as it is well shaped: what is malformed is left out here, and reported by the schema. So rules
 * that look at names and meaning need not care, and one mistake does not hide the next.
 */
export interface Outline {
  readonly root: JsonObject;
  readonly pipelines: readonly PipelineOutline[];
  readonly declared: Declared;
  /** What to say of names that are known elsewhere, at places that belong to no pipeline. */
  readonly remarks: Readonly<Record<string, string>>;
}

export function outlineOf(root: JsonObject): Outline {
  const { pipelines, brought, remarks } = ofKind(root);
  const connection = mapOrEmpty(root['connection']);
  const declared = {
    // The id is the platform's: it is there for concurrency keys.
    connection: { ...connection, members: { id: { shape: VALUE }, ...connection.members } },
    app: mapOrEmpty(root['app']),
    brought,
  };
  return { root, pipelines: [...verifyOutline(root), ...pipelines], declared, remarks: remarks ?? {} };
}

/** The pipelines of a kind, and what places that belong to none of them in particular may count on. */
function ofKind(
  root: JsonObject,
): { pipelines: PipelineOutline[]; brought: Declared['brought']; remarks?: Outline['remarks'] } {
  switch (root['kind']) {
    case 'provisioner':
      return {
        pipelines: provisionerPipelines(root),
        brought: { environment: environmentOf(root) },
        remarks: BESIDE_CREATE,
      };
    case 'sink':
      return { pipelines: sinkPipelines(root), brought: BATCH };
    // Its pipelines are the platform's own: see compile/dataset-pipelines.ts.
    case 'dataset':
      return { pipelines: [], brought: {} };
    default: {
      const pipelines = integrationPipelines(root);
      const inputs = pipelines.flatMap(({ brought }) => brought['input']?.shape ?? []);
      return { pipelines, brought: { input: { shape: unionOf(inputs) } } };
    }
  }
}
