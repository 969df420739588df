/** Functions that make one value of many rows. */
export const AGGREGATES = ['COUNT', 'SUM', 'MIN', 'MAX', 'AVG'] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** Functions of one row, with how many values they take. `NOW` is the time of the query, put in by us. */
export const SCALARS = {
  COALESCE: { least: 1, most: 100 },
  IFNULL: { least: 2, most: 2 },
  NULLIF: { least: 2, most: 2 },
  IF: { least: 3, most: 3 },
  LOWER: { least: 1, most: 1 },
  UPPER: { least: 1, most: 1 },
  CHAR_LENGTH: { least: 1, most: 1 },
  NOW: { least: 0, most: 0 },
} as const;
export type Scalar = keyof typeof SCALARS;

export const FUNCTIONS: ReadonlySet<string> = new Set([...AGGREGATES, ...Object.keys(SCALARS)]);

export function isAggregate(name: string): name is Aggregate {
  return (AGGREGATES as readonly string[]).includes(name);
}

export function isScalar(name: string): name is Scalar {
  return Object.hasOwn(SCALARS, name);
}
