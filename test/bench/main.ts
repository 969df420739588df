import { benchCompute } from './compute/bench.ts';
import { benchDatasets } from './datasets/bench.ts';
import { benchLogs } from './logs/bench.ts';
import { benchRuns } from './runs/bench.ts';

/** `npm run bench <name>`: each bench prints the product and its peer side by side, from one run. */
const BENCHES: Readonly<Record<string, (parts: readonly string[]) => Promise<void>>> = {
  compute: benchCompute,
  datasets: benchDatasets,
  logs: benchLogs,
  runs: benchRuns,
};

const name = process.argv[2] ?? '';
const bench = BENCHES[name];
if (!bench) {
  console.error(`There is no bench "${name}"; there are: ${Object.keys(BENCHES).join(', ')}. Example: npm run bench runs`);
  process.exitCode = 2;
} else {
  await bench(process.argv.slice(3));
}
