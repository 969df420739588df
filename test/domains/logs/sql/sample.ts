import type { Catalog, FamilyShape } from '../../../../core/domains/logs/sql/catalog.ts';
import type { LogValue } from '../../../../core/kernel/logs.ts';

export type Cell = LogValue;

/** Small families with what is hard: NULLs, equal rows, case, blanks at the end, wildcards, quotes, emoji. */
export const T: FamilyShape = {
  name: 't',
  shard: 'one',
  columns: [
    { name: 'a', type: 'int' },
    { name: 'b', type: 'int' },
    { name: 's', type: 'string' },
    { name: 'f', type: 'float' },
    { name: 'flag', type: 'bool' },
    { name: 'ts', type: 'timestamp' },
    { name: 'j', type: 'json' },
  ],
};

export const U: FamilyShape = {
  name: 'u',
  shard: 'one',
  columns: [
    { name: 'a', type: 'int' },
    { name: 'Name', type: 'string' },
    { name: 'ok', type: 'bool' },
    { name: 'at', type: 'timestamp' },
  ],
};

export const FAR: FamilyShape = { name: 'far', shard: 'two', columns: [{ name: 'a', type: 'int' }] };

/** Whole numbers beyond 2^53 and to the ends of BIGINT, blanks at the end, other alphabets. */
export const BIG: FamilyShape = {
  name: 'big',
  shard: 'one',
  columns: [
    { name: 'n', type: 'int' },
    { name: 'a', type: 'int' },
    { name: 's', type: 'string' },
    { name: 'f', type: 'float' },
    { name: 'ts', type: 'timestamp' },
  ],
};

/** A family without a row. */
export const BARE: FamilyShape = {
  name: 'bare',
  shard: 'one',
  columns: [
    { name: 'a', type: 'int' },
    { name: 's', type: 'string' },
    { name: 'flag', type: 'bool' },
    { name: 'j', type: 'json' },
  ],
};

export const ROWS: Readonly<Record<string, readonly (readonly Cell[])[]>> = {
  t: [
    [1, 1, 10, 'abc', 0.5, true, '2026-01-01 00:00:00.000000', '{"a":1}'],
    [2, 2, null, 'ABC', -1.25, false, '2026-01-01 00:00:00.000001', null],
    [3, 3, 7, 'abc ', null, null, '2025-12-31 23:59:59.999999', '[]'],
    [4, 3, 0, null, 1024, true, null, '{"a":1}'],
    [5, null, -7, "it's 100%", 0, false, '2026-06-01 12:30:00.000000', 'null'],
    [6, -5, 10, 'a_c\\', 3.75, true, '2026-01-01 00:00:00.000000', '"x"'],
    [7, 12, 3, '', -0.5, null, '1999-02-03 04:05:06.000000', null],
    [8, 1, null, 'é😀', 2, false, null, '{"b":[1,2]}'],
    [9, 0, 5, 'abc', 0.5, true, '2026-01-01 00:00:00.000000', '{}'],
  ],
  u: [
    [1, 1, 'abc', true, '2026-01-01 00:00:00.000000'],
    [2, 3, 'Abc', false, null],
    [3, null, null, null, '2026-06-01 12:30:00.000000'],
    [4, 3, 'x', true, '1999-02-03 04:05:06.000000'],
    [5, 100, 'é😀', false, '2026-01-01 00:00:00.000001'],
  ],
  far: [[1, 1]],
  big: [
    [1, '9007199254740993', 1, 'a ', 0.25, '2026-03-04 05:06:07.000000'],
    [2, '-9007199254740993', 3, 'a', -4, '1999-02-03 04:05:06.999999'],
    [3, '9223372036854775807', null, 'Ж界', null, null],
    [4, '-9223372036854775807', 7, null, 1024.5, '2026-01-01 00:00:00.000000'],
    [5, '9007199254740992', 7, ' é ', 0, '2030-01-01 00:00:00.000000'],
    [6, null, -2, 'A\t', 2, null],
  ],
  bare: [],
};

export const ONE_SHARD: readonly FamilyShape[] = [T, U];
/** What generated queries are asked of. */
export const GENERATED: readonly FamilyShape[] = [T, U, BIG, BARE];
export const TWO_SHARDS: readonly FamilyShape[] = [T, U, FAR];

export function catalogOf(families: readonly FamilyShape[]): Catalog {
  return { family: (name) => families.find((family) => family.name === name), families: () => families };
}
