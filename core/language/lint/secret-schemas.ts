import { isJsonObject, pointerSegment, type Json } from '../../kernel/json.ts';
import { secretPointers } from '../schema/compiled.ts';
import type { LintRule } from './subject.ts';

export const secretSchemas: LintRule = {
  name: 'secret-schemas',
  summary: 'Secrets marked where they cannot be kept apart, and a connection property that the platform gives itself.',
  check({ outline }, report) {
    for (const section of ['connection', 'app'] as const) {
      const schema = outline.root[section];
      const kept = new Set(secretPointers(schema).map((pointer) => pointer.replaceAll('/', '/properties/')));
      for (const pointer of marked(schema, '')) {
        if (kept.has(pointer)) continue;
        report.error(
          `/${section}${pointer}/secret`,
          '"secret: true" is kept only for properties that are written out, one by one or in maps of their own; in a list, a pattern or a $ref the value would be stored in clear. Give it a property of its own.',
        );
      }
    }
    const connection = outline.root['connection'];
    if (!isJsonObject(connection) || !isJsonObject(connection['properties'])) return;
    if (Object.hasOwn(connection['properties'], 'id')) {
      const message = 'connection.id is the id that the platform gives; name this property otherwise.';
      report.error('/connection/properties/id', message, { onKey: true });
    }
  },
};

/** Pointers of all schemas below that say `secret: true`. */
function marked(node: Json | undefined, at: string): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const own = isJsonObject(node) && node['secret'] === true ? [at] : [];
  const inner = Object.entries<Json>(node).flatMap(([key, value]) => marked(value, at + pointerSegment(key)));
  return [...own, ...inner];
}
