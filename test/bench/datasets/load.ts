import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median, table } from '../statistics.ts';
import { ByPsql } from './by-psql.ts';
import { writeCatalogue, writeSales, type CsvFile } from './files.ts';
import { runDataset } from './run.ts';
import type { Stand } from './stand.ts';

const ROUNDS = 5;

/** Files of new sales, in turns: a load run here, psql with \copy and an upsert there, each into tables of its own. */
export async function benchLoad({ sluice, landing, url, folder }: Stand): Promise<void> {
  const lines = Number(process.env['SLUICE_BENCH_ROWS'] ?? 200_000);
  const elsewhere = join(folder, 'files');
  const drafts = join(folder, 'drafts');
  const hand = new ByPsql(url);
  await hand.prepare();
  await writeCatalogue(landing);
  await runDataset(sluice, 'load');
  await hand.load(elsewhere, await writeCatalogue(elsewhere));
  const rates = { sluice: [] as number[], hand: [] as number[] };
  const rows = lines + 2 * Math.ceil(lines / 4);
  for (let round = 0; round <= ROUNDS; round++) {
    const amount = { batch: `r${round}`, lines, days: 30 };
    const files = await writeSales(elsewhere, amount);
    await drop(landing, await writeSales(drafts, amount), drafts);
    const ours = await runDataset(sluice, 'load');
    if (ours.outputs['loaded'] !== rows) {
      throw new Error(`${String(ours.outputs['loaded'])} of ${rows} rows were loaded: the timetable came first. Run it again.`);
    }
    const began = performance.now();
    await hand.load(elsewhere, files);
    // The first round meets empty tables and caches.
    if (round === 0) continue;
    rates.sluice.push(rows / ours.seconds);
    rates.hand.push((rows * 1000) / (performance.now() - began));
  }
  const [one, other] = [median(rates.sluice), median(rates.hand)];
  console.log(`${table([['load, rows/s', 'sluice', 'psql \\copy and upsert', 'ratio'], [`files of ${lines} lines`, one.toFixed(0), other.toFixed(0), (one / other).toFixed(2)]])}\n`);
}

/** All at once, so that no load of the timetable finds a part of them. */
async function drop(landing: string, files: readonly CsvFile[], drafts: string): Promise<void> {
  for (const { name } of files) await mkdir(dirname(join(landing, name)), { recursive: true });
  // A name that is given within a tick of the kernel's clock after the last write looks like a part of the writing.
  await sleep(20);
  for (const { name } of files) await rename(join(drafts, name), join(landing, name));
}
