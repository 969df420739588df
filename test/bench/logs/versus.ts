import { cpuSeconds } from '../proc.ts';
import { median, table } from '../statistics.ts';

/** A program under load: a round of it gives events a second. */
export interface Side {
  readonly pid: number;
  readonly round: () => Promise<number>;
}

export interface Contest {
  readonly name: string;
  readonly ours: Side;
  readonly peer: Side;
  /** Events of a round. */
  readonly events: number;
  /** Seconds of processor time that the database has used so far. */
  readonly database: () => number;
}

/** What a contest came to: a line for each table. */
export interface Outcome {
  readonly rates: readonly string[];
  readonly costs: readonly string[];
}

/** Milliseconds of processor time per 1,000 events, of the program and of the database for it. */
interface Costs {
  readonly program: number[];
  readonly database: number[];
}

const ROUNDS = 5;

/** Both sides in turns, so that whatever else the machine does meets both; a round before is not counted. */
export async function versus({ name, ours, peer, events, database }: Contest): Promise<Outcome> {
  const measured = [ours, peer].map((side) => ({ side, rates: [] as number[], program: [] as number[], database: [] as number[] }));
  for (const { side } of measured) await side.round();
  for (let round = 0; round < ROUNDS; round++) {
    for (const { side, rates, ...costs } of measured) rates.push(await counted(side, events, database, costs));
  }
  const [one, other] = measured.map(({ rates }) => median(rates)) as [number, number];
  return {
    rates: [name, one.toFixed(0), other.toFixed(0), (one / other).toFixed(2)],
    costs: [name, ...measured.flatMap(({ program, database }) => [program, database].map((ms) => median(ms).toFixed(2)))],
  };
}

/** One round. What else the machine does changes its rate, and hardly what it costs. */
async function counted(side: Side, events: number, database: () => number, costs: Costs): Promise<number> {
  const before = [cpuSeconds(side.pid), database()] as const;
  const rate = await side.round();
  costs.program.push(((cpuSeconds(side.pid) - before[0]) * 1_000_000) / events);
  costs.database.push(((database() - before[1]) * 1_000_000) / events);
  return rate;
}

export function printOutcomes(outcomes: readonly Outcome[]): void {
  const rates = [['events a second', 'sluice', 'by hand', 'ratio'], ...outcomes.map((outcome) => outcome.rates)];
  const head = ['processor ms per 1,000 events', 'sluice', 'its database', 'by hand', 'its database'];
  console.log(`${table(rates)}\n\n${table([head, ...outcomes.map((outcome) => outcome.costs)])}\n`);
}
