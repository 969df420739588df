import { didYouMean } from '../../kernel/suggest.ts';
import type { MapShape, Member, Shape } from './shape.ts';

/** A name as a template uses it. */
export interface Use {
  readonly path: readonly string[];
  readonly guarded: boolean;
  readonly text: string;
}

/**
 * Says what is wrong with naming this here: unknown (with the nearest known name), something inside plain text, or
 * possibly absent and not guarded.
 * @param remarks what to say of names that exist, but not at this place
 */
export function nameTrouble(
  use: Use,
  scope: MapShape,
  remarks: Readonly<Record<string, string>> = {},
): string | undefined {
  let shape: Shape = scope;
  const { path, guarded, text } = use;
  for (const [i, name] of path.entries()) {
    const before = path.slice(0, i).join('.');
    if (shape.kind === 'any') return undefined;
    if (shape.kind === 'value')
      return `"${before}" is plain text or a number; there is nothing "${name}" inside it.`;
    if (shape.kind === 'list') {
      if (!/^\d+$/.test(name))
        return `"${before}" is a list; name an item as \`${before}.[0]\`, or use first, last, pluck or length.`;
      shape = shape.item;
      continue;
    }
    const member: Member | undefined = Object.hasOwn(shape.members, name) ? shape.members[name] : undefined;
    if (!member) {
      if (shape.open) return undefined;
      return unknown(name, before, shape, remarks);
    }
    if (member.optional && !guarded) {
      const whole = path.slice(0, i + 1).join('.');
      return mayBeAbsent(whole, text, member);
    }
    shape = member.shape;
  }
  return undefined;
}

function mayBeAbsent(whole: string, text: string, { why }: Member): string {
  const ways = `{{ optional ${text} }}, {{ default ${text} "..." }}`;
  if (why !== undefined) return `"${whole}" may be absent: ${why}. Write ${ways}.`;
  return `"${whole}" may be absent: it is not required and has no default. Write ${ways}, or give it a default in its schema.`;
}

function unknown(
  name: string,
  before: string,
  shape: MapShape,
  remarks: Readonly<Record<string, string>>,
): string {
  const whole = before ? `${before}.${name}` : name;
  const remark = Object.hasOwn(remarks, whole) ? remarks[whole] : undefined;
  if (remark !== undefined) return remark;
  const known = Object.keys(shape.members);
  const place = before ? `"${before}"` : 'this place';
  if (known.length === 0) return `"${whole}" is not declared; ${place} has nothing that could be named.`;
  return `"${whole}" is not declared; ${place} has: ${known.join(', ')}.${didYouMean(name, known)}`;
}
