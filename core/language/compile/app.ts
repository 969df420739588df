import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import type { Registry } from '../../kernel/registry.ts';
import type { Outline } from '../outline.ts';
import { writtenAuth } from '../sections/auth.ts';
import { requestOf } from '../verbs/request.ts';

/**
 * The schema of the operator's values: what the author declares, and what the schemes in use take from them by
 * themselves (`appDefaults`).
 */
export function appSchema({ root, pipelines }: Outline, registry: Registry): JsonObject {
  const declared = isJsonObject(root['app']) ? root['app'] : { type: 'object' };
  const properties = isJsonObject(declared['properties']) ? declared['properties'] : {};
  const auth: (Json | undefined)[] = [
    root['auth'],
    ...pipelines.flatMap(({ steps }) => steps.map(({ node }) => requestOf(node)['auth'])),
  ];
  const schemes = new Set(auth.flatMap((node) => writtenAuth(node, '').map(({ scheme }) => scheme)));
  const taken = registry
    .authSchemes()
    .filter(({ name }) => schemes.has(name))
    .flatMap(({ appDefaults }) => appDefaults ?? []);
  const added = taken.map((name) => [
    name,
    { type: 'string', ...(/secret|key|password/i.test(name) ? { secret: true } : {}) },
  ]);
  return { ...declared, properties: { ...(Object.fromEntries(added) as JsonObject), ...properties } };
}
