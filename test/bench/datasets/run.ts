import { setTimeout as sleep } from 'node:timers/promises';
import type { Sluice } from '../sluice.ts';
import { SHOP } from './shop.ts';

interface Step {
  readonly step: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

export interface EndedRun {
  readonly outputs: Readonly<Record<string, unknown>>;
  /** From the request that made it to its end, in seconds. */
  readonly seconds: number;
  /** Of one of its steps, all its pieces and what lies between them. */
  secondsOf(step: string): number;
}

/** Sets off what a dataset does, and waits for its end. @throws Error where it does not go well */
export async function runDataset(sluice: Sluice, work: 'load' | 'build', body: unknown = {}): Promise<EndedRun> {
  const { id } = await sluice.call('POST', `/v1/datasets/${SHOP}:${work}`, body);
  for (;;) {
    const run = await sluice.call('GET', `/v1/runs/${String(id)}`, undefined);
    if (run['state'] === 'failed' || run['state'] === 'cancelled') throw new Error(`The run has failed: ${JSON.stringify(run['error'])}`);
    if (run['state'] === 'succeeded') {
      const steps = run['steps'] as readonly Step[];
      const seconds = (from: unknown, to: unknown): number => (Date.parse(String(to)) - Date.parse(String(from))) / 1000;
      return {
        outputs: run['outputs'] as Readonly<Record<string, unknown>>,
        seconds: seconds(run['createdAt'], run['finishedAt']),
        secondsOf: (name) => steps.filter(({ step }) => step.endsWith(name)).reduce((sum, { startedAt, finishedAt }) => sum + seconds(startedAt, finishedAt), 0),
      };
    }
    await sleep(20);
  }
}
