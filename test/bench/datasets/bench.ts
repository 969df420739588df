import { benchBuild, benchMemory } from './build.ts';
import { benchLoad } from './load.ts';
import { withStand } from './stand.ts';

const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  load: () => withStand(benchLoad),
  build: () => withStand(benchBuild, '1GB'),
  memory: benchMemory,
};

/**
 * Loading and building beside what one would write by hand. `npm run bench datasets build` runs that part alone.
 * SLUICE_BENCH_ROWS: order lines, of a round of loads, of the build, and of the smaller size of the two for memory.
 */
export async function benchDatasets(parts: readonly string[]): Promise<void> {
  const chosen = parts.length > 0 ? parts : Object.keys(PARTS);
  const unknown = chosen.find((name) => !(name in PARTS));
  if (unknown !== undefined) throw new Error(`There is no part "${unknown}"; there are: ${Object.keys(PARTS).join(', ')}.`);
  for (const name of chosen) await PARTS[name]!();
}
