import { get } from 'node:http';
import { residentMemory } from '../proc.ts';
import type { Sluice } from '../sluice.ts';
import { table } from '../statistics.ts';
import { SCHEMA } from './events.ts';
import { FAMILY, Load } from './load.ts';
import { peakMemory } from './memory.ts';

const NEWLINE = 0x0a;

/** Exports a family at some size and at five times that, each from a server that has just started and so has done nothing else. */
export async function benchExport(rows: number, start: (apiKey?: string) => Promise<Sluice>): Promise<void> {
  const filler = await start();
  const { apiKey } = filler;
  const lines = [['export as NDJSON', 'rows/s', 'at start, MiB', 'at most, MiB']];
  await filler.call('POST', '/api/log', { family: FAMILY, schema: SCHEMA, logs: [] });
  await filler.stop();
  let stored = 0;
  for (const size of [rows, rows * 5]) {
    await fill(await start(apiKey), size - stored);
    stored = size;
    const sluice = await start(apiKey);
    lines.push([`${size} rows`, ...(await measure(sluice, size))]);
    await sluice.stop();
  }
  console.log(`${table(lines)}\n`);
}

async function fill(sluice: Sluice, rows: number): Promise<void> {
  const headers = { authorization: `Bearer ${sluice.apiKey}` };
  const load = new Load({ url: `${sluice.url}/api/log`, headers }, { events: 1000, clients: 4, distinct: 20 });
  await load.round(Math.ceil(rows / 1000));
  await sluice.stop();
}

async function measure(sluice: Sluice, rows: number): Promise<readonly string[]> {
  const before = residentMemory(sluice.pid);
  const began = performance.now();
  const peak = await peakMemory(sluice.pid, async () => {
    const lines = await countLines(`${sluice.url}/v1/log-families/${FAMILY}/export?format=ndjson`, sluice.apiKey);
    if (lines !== rows) throw new Error(`The export has ${lines} rows; ${rows} were stored.`);
  });
  const rate = (rows * 1000) / (performance.now() - began);
  return [rate.toFixed(0), before.toFixed(0), peak.toFixed(0)];
}

/** Reads an answer to its end and keeps none of it. */
function countLines(url: string, apiKey: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = get(url, { headers: { authorization: `Bearer ${apiKey}` } }, (answer) => {
      let lines = 0;
      if (answer.statusCode !== 200) reject(new Error(`The export was answered ${answer.statusCode}.`));
      answer.on('data', (chunk: Buffer) => {
        for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) lines++;
      });
      answer.on('end', () => resolve(lines));
      answer.on('error', reject);
    });
    sent.on('error', reject);
  });
}
