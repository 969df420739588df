import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { mapShape, shapeOf, type MapShape, type Member } from '../scope/shape.ts';
import { verbOf } from '../verbs/all.ts';
import type { StepOutline } from './steps.ts';

export interface PipelineOutline {
  /** As in the plan: `actions/<name>`, `verify`, `create`, `read`, `delete`, `batch`. */
  readonly name: string;
  readonly pointer: string;
  readonly node: JsonObject;
  /** The JSON Schema of what its runs are given, and where it stands. */
  readonly input?: { readonly node: Json; readonly pointer: string };
  /** Variables that its runs bring with them, besides those that every run has. */
  readonly brought: Readonly<Record<string, Member>>;
  /** What to say of names that other pipelines have, by their whole name. */
  readonly remarks?: Readonly<Record<string, string>>;
  /** All of its steps in the order of the file, those inside others too. */
  readonly steps: readonly StepOutline[];
}

/** `verify` is one request without an id of its own. */
export function verifyOutline(root: JsonObject): PipelineOutline[] {
  const node = root['verify'];
  if (!isJsonObject(node)) return [];
  const pointer = '/verify';
  const verb = verbOf(node);
  const step = { id: 'verify', path: 'verify', pointer, node, visible: [] };
  return [{ name: 'verify', pointer, node: {}, brought: {}, steps: verb ? [{ ...step, verb }] : [] }];
}

/** No schema declares nothing; a schema that lists no properties leaves them open. */
export function mapOrEmpty(schema: Json | undefined): MapShape {
  if (!isJsonObject(schema)) return mapShape({});
  const shape = shapeOf(schema);
  return shape.kind === 'map' ? shape : { kind: 'map', members: {}, open: true };
}
