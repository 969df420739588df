import { invalidBody, SluiceError, type Violation } from '../../kernel/errors.ts';
import { pointerSegment } from '../../kernel/json.ts';
import type { LogColumn } from '../../kernel/logs.ts';
import { MAX_COLUMNS } from './names.ts';
import { tooMany } from './request.ts';

/**
 * The columns that a schema adds to those a family has.
 * @throws SluiceError CONFLICT where a column has another type, or differs from one in case only; VALIDATION_FAILED where they
 *   would be too many
 */
export function newColumns(
  family: string,
  known: readonly LogColumn[],
  schema: readonly LogColumn[],
): readonly LogColumn[] {
  if (schema.length === 0) return [];
  const byName = byNameOf(known);
  const added: LogColumn[] = [];
  const conflicts: Violation[] = [];
  for (const { name, type } of schema) {
    const there = byName.get(name.toLowerCase());
    if (there === undefined) added.push({ name, type });
    else if (there.name !== name) {
      conflicts.push({
        path: pathOf(name),
        message: `The family "${family}" has the column "${there.name}"; "${name}" differs in case only.`,
      });
    } else if (there.type !== type) {
      conflicts.push({
        path: pathOf(name),
        message: `The column "${name}" of the family "${family}" has the type ${there.type}, not ${type}. Types do not change: send ${there.type}, or take another name.`,
      });
    }
  }
  if (conflicts.length > 0) throw new SluiceError('CONFLICT', conflicts[0]!.message, { errors: conflicts });
  if (known.length + added.length > MAX_COLUMNS) {
    throw invalidBody([{ path: '/schema', message: tooMany(known.length + added.length) }]);
  }
  return added;
}

/** By list of columns, and in that by lower-case name: the families that are kept ask with every request. */
const byNames = new WeakMap<readonly LogColumn[], ReadonlyMap<string, LogColumn>>();

function byNameOf(columns: readonly LogColumn[]): ReadonlyMap<string, LogColumn> {
  let byName = byNames.get(columns);
  if (!byName) {
    byName = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
    byNames.set(columns, byName);
  }
  return byName;
}

function pathOf(name: string): string {
  return `/schema${pointerSegment(name)}`;
}
