import { median, table } from '../statistics.ts';

/** One round of each side gives its events a second. */
export interface Contest {
  readonly name: string;
  readonly ours: () => Promise<number>;
  readonly peer: () => Promise<number>;
}

const ROUNDS = 5;

/** Both sides in turns, so that whatever else the machine does meets both; a round before is not counted. */
export async function versus({ name, ours, peer }: Contest): Promise<readonly string[]> {
  const rates: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
  await ours();
  await peer();
  for (let round = 0; round < ROUNDS; round++) {
    rates.ours.push(await ours());
    rates.peer.push(await peer());
  }
  const [one, other] = [median(rates.ours), median(rates.peer)];
  return [name, one.toFixed(0), other.toFixed(0), (one / other).toFixed(2)];
}

export function printContests(rows: readonly (readonly string[])[]): void {
  if (rows.length > 0) console.log(`${table([['events a second', 'sluice', 'by hand', 'ratio'], ...rows])}\n`);
}
