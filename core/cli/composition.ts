import type { DatasetOffice } from '../domains/datasets/office.ts';
import type { ShardOffice } from '../domains/logs/shard-office.ts';
import type { Registry } from '../kernel/registry.ts';
import type { Settings } from './settings.ts';

/**
 * What the commands need from the composition root. Everything is a function, so that a command opens what it uses
 * and nothing else: lint, test and run never open a database.
 */
export interface Composition {
  /** Scans plugins/. */
  loadRegistry(): Promise<Registry>;
  /** The bundled folder of definitions, then those of SLUICE_DEFINITIONS. Absolute paths. */
  definitionFolders(settings: Settings): readonly string[];
  /** Opens the database (its own, or SLUICE_DATABASE_URL), migrates it, and serves. Resolves when it is ready. */
  startPlatform(settings: Settings, options: PlatformOptions): Promise<Platform>;
  /** Brings the database's schema up to date. Returns the names of the migrations that were applied. */
  migrate(settings: Settings): Promise<readonly string[]>;
  /** Wraps every tenant's data key with the current master key. Returns how many it changed. */
  rotateKeys(settings: Settings): Promise<number>;
  /** Opens the database for work on the servers of logs, and closes it afterwards. */
  withShards<T>(settings: Settings, use: (office: ShardOffice) => Promise<T>): Promise<T>;
  /**
   * Opens the platform for work on datasets, and closes it afterwards. `carryOut` sees to it that runs are carried out,
   * by the workers that live or one of its own, until `ended` gives something.
   */
  withDatasets<T>(
    settings: Settings,
    use: (office: DatasetOffice, carryOut: <R>(ended: () => Promise<R | undefined>) => Promise<R>) => Promise<T>,
  ): Promise<T>;
}

export const ROLES = ['all', 'api', 'worker'] as const;
export type Role = (typeof ROLES)[number];

export interface PlatformOptions {
  readonly role: Role;
}

export interface Platform {
  /** Where the API is served, without a slash at the end. Undefined for the role `worker`. */
  readonly url: string | undefined;
  /** The root key, where it was made in this very start. */
  readonly newRootKey: string | undefined;
  /** Stops taking work, finishes or gives back what is in hand, and closes all. Bounded in time. */
  close(): Promise<void>;
  /** Settles when the platform can't go on by itself (its database is gone for good); never where all is well. */
  readonly lost?: Promise<Error>;
}
