import { PostgresBackend } from '@agendajs/postgres-backend';
import { Agenda } from 'agenda';
import type { Pool } from 'pg';
import { messageOf } from '../kernel/errors.ts';
import type { WorkerLog } from './worker.ts';

/** Something that is done again and again, by one process at a time. `every` is Agenda's: '1 second', or a cron. */
export interface PeriodicJob {
  readonly name: string;
  readonly every: string;
  readonly run: () => Promise<void>;
}

/**
 * Agenda is the clock: it owns all that is periodic. Its tables come from our migrations, for its own DDL races when
 * processes start together; it polls, so nothing depends on a notification.
 */
export class Timetable {
  readonly #agenda: Agenda;
  readonly #jobs: readonly PeriodicJob[];

  constructor(pool: Pool, jobs: readonly PeriodicJob[], log: WorkerLog) {
    this.#jobs = jobs;
    this.#agenda = new Agenda({
      backend: new PostgresBackend({ pool, ensureSchema: false, disableNotifications: true }),
      processEvery: 1000,
      // A job lost with its process is free again after this, and nobody is taken for dead before the sweep is: so no
      // longer than a worker may be silent. Its timers hold a stopping process for half of it.
      defaultLockLifetime: 4000,
    });
    this.#agenda.on('error', (error) => log.warn({ error: messageOf(error) }, 'The timetable is in trouble.'));
    for (const job of jobs) {
      this.#agenda.define(job.name, async () => {
        try {
          await job.run();
        } catch (error) {
          log.warn({ job: job.name, error: messageOf(error) }, 'A periodic job failed; it will be run again.');
        }
      });
    }
  }

  async start(): Promise<void> {
    await this.#agenda.ready;
    await this.#agenda.start();
    for (const job of this.#jobs) await this.#agenda.every(job.every, job.name, undefined, { skipImmediate: true });
  }

  /** Waits for jobs under way, at most `ms`. */
  async stop(ms: number): Promise<void> {
    await this.#agenda.drain(ms);
  }
}
