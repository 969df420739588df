import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { commerceBase, commerceWaves, CommercePlace, type CommerceBase, type Wave } from '../support/commerce.ts';
import { MOMENTS, PHASES, phaseOf, Watch, type Phase } from '../support/commerce-kills.ts';
import { commerceState, differences, type CommerceState } from '../support/commerce-state.ts';
import { Random } from '../support/random.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/sluice-process.ts';
import { soak } from '../support/soak.ts';

/** Each goes from the first file to the last answer, with kills of its own. */
const ROUNDS = soak(1, 4);
const SEED = 20_260_301;

/** Phases in which each wave is killed. */
const SHORT: readonly (readonly Phase[])[] = [PHASES, []];
const PLAN = soak(0, 1) === 0 ? SHORT : [PHASES, PHASES];

/** Ms between a moment and its kill, at most. */
const MOST_DELAY = 50;

/** Small, and with each of the generator's oddities. Three of its files are refused. */
const SHOP = { days: 4, orders: 120, seed: 1290 };

describe(`A dataset whose process is killed at any point of its work (seed ${SEED})`, function () {
  this.timeout(soak(120_000, 900_000));
  let base: CommerceBase;
  let waves: readonly Wave[];
  /** Of the generator's own account. */
  let revenue: string;
  /** What comes of it where nobody is killed; it is found out beside the first test. */
  let undisturbed: Promise<CommerceState>;
  before(async () => {
    base = await commerceBase();
    const made = await commerceWaves(SHOP, [1]);
    waves = made.waves;
    revenue = (made.summary.expected.revenueCents / 100).toFixed(2);
    undisturbed = within(async (place) => {
      await place.start();
      for (const wave of waves) await place.take(wave);
      return commerceState(place);
    });
    // It is heard by those who ask for it.
    undisturbed.catch(() => undefined);
  });
  after(async () => {
    await undisturbed.catch(() => undefined);
    await base.remove();
  });

  const within = async <T>(work: (place: CommercePlace) => Promise<T>): Promise<T> => {
    const place = await CommercePlace.open(base);
    try {
      return await work(place);
    } finally {
      await place.close();
    }
  };
  const expectUndisturbed = async (place: CommercePlace, how: string): Promise<void> => {
    expect(differences(await commerceState(place), await undisturbed), how).to.deep.equal([]);
    expect([...place.refusals].filter((status) => status !== 503)).to.deep.equal([]);
  };

  it('comes to the same as one that is left alone', async () => {
    const picked: Record<Phase, number> = { load: 0, export: 0, build: 0, swap: 0 };
    const hits: Record<Phase, number> = { load: 0, export: 0, build: 0, swap: 0 };
    const killed = async (place: CommercePlace, phase: Phase, run: string, random: Random): Promise<string> => {
      const { what, reached } = MOMENTS[phase][picked[phase]++ % MOMENTS[phase].length]!(random);
      const delay = random.below(MOST_DELAY);
      const watch = await Watch.on(place, run);
      try {
        await reached(watch);
        await sleep(delay);
        await place.kill();
      } finally {
        await watch.release();
      }
      await place.deserted();
      const left = await phaseOf(place, phase === 'load' ? 'load' : 'build', run);
      if (left) hits[left]++;
      await place.start();
      return `${delay} ms after ${what}: ${left ?? 'over'}`;
    };
    for (let round = 0; round < ROUNDS; round++) {
      const random = Random.of(SEED, round);
      const kills: string[] = [];
      await within(async (place) => {
        await place.start();
        for (const [i, wave] of waves.entries()) {
          await place.take(wave, async (what, run) => {
            for (const phase of PLAN[i]!.filter((one) => (one === 'load') === (what === 'load')))
              kills.push(await killed(place, phase, run, random));
          });
        }
        await expectUndisturbed(place, `round ${round}: ${kills.join('; ')}`);
      });
    }
    for (const phase of PHASES) expect(hits[phase], `kills in the ${phase}`).to.be.at.least(soak(1, 5));
  });

  it('has something to lose: rows that wait, bad ones, refused files, payments before their orders', async () => {
    const state = await undisturbed;
    expect(state['table _held_order_lines']).to.have.length(1);
    expect(state['quarantine']).to.have.length(3);
    expect(state['loads']!.filter((load) => load.includes('"refused"'))).to.have.length(3);
    expect(state['answers']![0]).to.equal(`["app_sales",[],["${revenue}"]]`);
    for (const part of ['table variant_history', 'replica variant_history', 'models']) expect(state[part], part).to.not.have.length(0);
    expect(state['answers']!.filter((answer) => answer.includes('unmatched_transactions'))).to.not.have.length(0);
  });

  // What takes over is the same for all runs (workers.test.ts, compute-kill.test.ts): at length it is seen of a build, too.
  const atLength = soak(0, 1) === 1;
  if (atLength) it('is carried on by another worker where the one that holds the run is killed', async () => {
    await within(async (place) => {
      await place.start('--role', 'api');
      const workers: WorkerProcess[] = await Promise.all([startWorker(place.env), startWorker(place.env)]);
      try {
        for (const wave of waves) {
          await place.take(wave, async (what, run) => {
            if (what === 'load' || workers.length === 1) return;
            const { reached } = MOMENTS.build[0]!(Random.of(SEED));
            expect(await reached(await Watch.on(place, run))).to.equal(true);
            const pid = await eventually('a worker holds the run', () => place.holderOf(run));
            const [holder] = workers.splice(workers.findIndex((worker) => worker.pid === pid), 1);
            expect(holder?.pid).to.equal(pid);
            await holder!.end('SIGKILL');
          });
        }
        expect(workers).to.have.length(1);
        await expectUndisturbed(place, 'a worker was killed');
      } finally {
        await Promise.all(workers.map((worker) => worker.end('SIGKILL')));
      }
    });
  });
});
