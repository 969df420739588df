import { isJsonObject, type Json } from './json.ts';

/** The counts of a piece of work, with those of the pieces before: what a step type that polls gives on and on. */
export function countsSoFar<Name extends string>(
  before: Json | undefined,
  piece: Readonly<Record<Name, number>>,
): Record<Name, number> {
  const sums: Record<Name, number> = { ...piece };
  for (const name of Object.keys(piece) as Name[]) {
    const value = isJsonObject(before) ? before[name] : undefined;
    if (typeof value === 'number') sums[name] += value;
  }
  return sums;
}
