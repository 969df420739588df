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
      backend: quietly(new PostgresBackend({ pool, ensureSchema: false, disableNotifications: true }), log),
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

/**
 * Agenda waits for no answer when it gives a lock back, so that a connection cut just then would end the process. A lock
 * that is not given back is free again after its lifetime.
 */
function quietly(backend: PostgresBackend, log: WorkerLog): PostgresBackend {
  const { repository } = backend;
  const unlock = repository.unlockJob.bind(repository);
  repository.unlockJob = async (job) => {
    await unlock(job).catch((error: unknown) => log.warn({ job: job.name, error: messageOf(error) }, 'A lock could not be given back.'));
  };
  return backend;
}
