import { median, table } from '../statistics.ts';
import { peakMemory } from '../logs/memory.ts';
import { ByDuckdb } from './by-duckdb.ts';
import { dayOf, writeCatalogue, writeSales } from './files.ts';
import { runDataset } from './run.ts';
import { withStand, type Stand } from './stand.ts';

const ROUNDS = 5;
const DAYS = 30;
const ALL = { from: dayOf(0), to: dayOf(DAYS - 1) };

/** All models of all days, in turns: a build run here, the models' SQL and that of their tests sent to DuckDB there. */
export async function benchBuild(stand: Stand): Promise<void> {
  const lines = Number(process.env['SLUICE_BENCH_ROWS'] ?? 1_000_000);
  await fill(stand, lines);
  const hand = await ByDuckdb.open(stand);
  const seconds = { sluice: [] as number[], tested: [] as number[], untested: [] as number[] };
  for (let round = 0; round <= ROUNDS; round++) {
    const ours = await runDataset(stand.sluice, 'build', ALL);
    const { models, tests } = await hand.build();
    if (round === 0) continue;
    seconds.sluice.push(ours.secondsOf('build'));
    seconds.tested.push(models + tests);
    seconds.untested.push(models);
  }
  const one = median(seconds.sluice);
  const line = (name: string, other: number): string[] => [name, one.toFixed(2), other.toFixed(2), (other / one).toFixed(2)];
  console.log(
    `${table([
      [`build of ${lines} lines, seconds`, 'sluice', 'DuckDB by hand', 'ratio'],
      line('models and their tests', median(seconds.tested)),
      line('without tests on the other side', median(seconds.untested)),
    ])}\n`,
  );
}

/** What the program has in memory at most while it exports and builds, at one size and at five times that. */
export async function benchMemory(): Promise<void> {
  const rows = Number(process.env['SLUICE_BENCH_ROWS'] ?? 1_000_000);
  const peaks: number[] = [];
  for (const lines of [rows, 5 * rows]) {
    await withStand(async (stand) => {
      await load(stand, lines);
      peaks.push(await peakMemory(stand.sluice.pid, async () => void (await runDataset(stand.sluice, 'build'))));
    });
  }
  const [one, five] = peaks as [number, number];
  console.log(`${table([['export and build, MiB at most', `${rows} lines`, `${5 * rows} lines`, 'ratio'], ['sluice', one.toFixed(0), five.toFixed(0), (five / one).toFixed(2)]])}\n`);
}

async function load({ sluice, landing }: Stand, lines: number): Promise<void> {
  await writeCatalogue(landing);
  await writeSales(landing, { batch: 'r', lines, days: DAYS });
  await runDataset(sluice, 'load');
}

async function fill(stand: Stand, lines: number): Promise<void> {
  await load(stand, lines);
  await runDataset(stand.sluice, 'build');
}
