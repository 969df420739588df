import { Type } from 'typebox';
import { StepFault } from './errors.ts';

/** This host, for environments that live on it. They are named by their ids, and so is all that belongs to them. */
export interface HostServices {
  readonly databases: HostDatabases;
  readonly ports: PortLedger;
  /** Absolute path of an environment's folder, which need not be there. Throws StepFault for what is no id. */
  folderOf(environment: string): string;
  /** Hosts that run workers at the moment. */
  workerHosts(): Promise<number>;
}

/**
 * Databases of environments on the PostgreSQL server of the control plane, each with a login role that can connect to
 * it and to no other. Any of it may be repeated. Throws StepFault, `transient` where the server is away.
 */
export interface HostDatabases {
  /** Why the platform's login cannot make them; undefined where it can. */
  refusal(): Promise<string | undefined>;
  /** Makes what is missing of the database and the role, and sets their limits. The role has no password yet. */
  create(environment: string, limits: DatabaseLimits): Promise<void>;
  /** @param password printable ASCII; it does not leave this process */
  setPassword(environment: string, password: string): Promise<void>;
  /** Cuts its sessions, and drops the database and the role where they are there. */
  drop(environment: string): Promise<void>;
  look(environment: string): Promise<DatabaseFacts>;
  /** The role's `postgres://` URL, without a password. */
  urlOf(environment: string): string;
}

export interface DatabaseLimits {
  /** Sessions at a time, of the role and of the database. */
  readonly connections: number;
  /** Bytes of temporary files of one session. */
  readonly tempFileBytes: number;
  /** Ms; the role's user may set another. */
  readonly statementTimeoutMs: number;
}

export interface DatabaseFacts {
  /** `closed`: it is there, and nobody can log in with it or to it. */
  readonly role: 'missing' | 'closed' | 'open';
  readonly database: 'missing' | 'closed' | 'open';
  /** Bytes on disk, 0 where there is none. */
  readonly bytes: number;
}

/** Who may listen on which port of this host: a promise among environments, not held by a socket. */
export interface PortLedger {
  /** The port of the environment: the one it has, else a free one, now its own. Throws StepFault where none is free. */
  lease(tenantId: string, environment: string): Promise<number>;
  release(tenantId: string, environment: string): Promise<void>;
  find(tenantId: string, environment: string): Promise<number | undefined>;
  /** Whether somebody could listen on 127.0.0.1, or else answers there. */
  probe(port: number): Promise<PortState>;
}

export type PortState = 'free' | 'answered' | 'silent';

/** How step types are given the environment they work for. */
export const environmentId = Type.String({
  pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
  description: 'Id of the environment, of which the names of all that belongs to it are made.',
});

interface Offered {
  readonly host?: HostServices;
}

/** @throws StepFault where there is no platform */
export function hostOf({ host }: Offered): HostServices {
  if (host) return host;
  throw new StepFault('config', NO_HOST, { code: 'INVALID_REQUEST' });
}

/** Why environments cannot live on this host; undefined where they can. */
export async function refusalOfHost({ host }: Offered): Promise<string | undefined> {
  if (!host) return NO_HOST;
  const hosts = await host.workerHosts();
  if (hosts <= 1) return undefined;
  return `Workers run on ${hosts} hosts, and what lives on one of them is out of the others' reach. Run all workers on one host.`;
}

const NO_HOST = 'There is no host for environments here: this needs a running platform.';
