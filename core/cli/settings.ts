import { existsSync } from 'node:fs';
import path from 'node:path';
import { messageOf } from '../kernel/errors.ts';
import type { JsonObject } from '../kernel/json.ts';
import { nearest } from '../kernel/suggest.ts';
import { CommandFailure } from './failure.ts';
import * as forms from './setting-forms.ts';
import type { Form } from './setting-forms.ts';

/** The operator's settings, parsed. Paths are absolute. What is undefined was not set and has no default. */
export interface Settings {
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  /** The servers of logs by name: administrators' URLs. */
  readonly logShards: Readonly<Record<string, string>> | undefined;
  /** URL of the store of objects: a folder of the data folder where it was not set. */
  readonly objects: string | undefined;
  /** Where objects at an `s3:` URL are asked for, in place of AWS. */
  readonly s3Endpoint: string | undefined;
  /** URL of the warehouse. */
  readonly warehouse: string;
  readonly definitions: readonly string[];
  /** By definition id: the values of `app` in its templates. */
  readonly apps: Readonly<Record<string, JsonObject>>;
  readonly port: number;
  readonly host: string;
  /** The current key, then older ones after commas. */
  readonly masterKey: string | undefined;
  readonly rootKey: string | undefined;
  readonly publicUrl: string | undefined;
  /** CIDR ranges that a tenant's URL may reach although they are private. */
  readonly egressAllow: readonly string[];
  /** Origin to origin: what is meant for the first is sent to the second. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Whose bearer JWTs are accepted, and the audience they must be for. Both or none. */
  readonly oidcIssuer: string | undefined;
  readonly oidcAudience: string | undefined;
  readonly logLevel: string;
  /** Whose clients are served as they were there. */
  readonly compat: 'databalancer' | undefined;
}

const PREFIX = 'SLUICE_';

interface Setting<T> {
  readonly variable: string;
  readonly summary: string;
  readonly form: Form<T>;
  /** As the operator would write it. */
  readonly standard?: string;
}

/** One line a setting: where the environment, `sluice start --help` and docs/operations.md get theirs. */
export const SETTINGS: { readonly [K in keyof Settings]: Setting<NonNullable<Settings[K]>> } = {
  dataDir: {
    variable: 'SLUICE_DATA_DIR',
    form: forms.folder,
    standard: '.sluice',
    summary: 'state of the embedded default: cluster, keys, objects',
  },
  databaseUrl: {
    variable: 'SLUICE_DATABASE_URL',
    form: forms.databaseUrl,
    summary: 'PostgreSQL to use instead of the embedded one',
  },
  logShards: {
    variable: 'SLUICE_LOG_SHARDS',
    form: forms.logShards,
    summary: 'servers that hold logs (two databases of the embedded PostgreSQL where not set)',
  },
  objects: {
    variable: 'SLUICE_OBJECTS',
    form: forms.objects,
    summary: 'where files of datasets land, and where their warehouse is (objects in the data folder where not set)',
  },
  s3Endpoint: {
    variable: 'SLUICE_S3_ENDPOINT',
    form: forms.httpUrl,
    summary: 'server that speaks S3 and is asked in place of AWS, where SLUICE_OBJECTS is an s3:// URL',
  },
  warehouse: {
    variable: 'SLUICE_WAREHOUSE',
    form: forms.warehouse,
    standard: 'duckdb:',
    summary: 'what builds the warehouse and answers queries over it',
  },
  definitions: {
    variable: 'SLUICE_DEFINITIONS',
    form: forms.folders,
    standard: '',
    summary: 'further folders of definitions',
  },
  apps: {
    variable: 'SLUICE_APPS',
    form: forms.apps,
    standard: '{}',
    summary: 'OAuth clients and other app-wide values, by definition',
  },
  port: { variable: 'SLUICE_PORT', form: forms.port, standard: '8080', summary: 'port of the API' },
  host: {
    variable: 'SLUICE_HOST',
    form: forms.host,
    standard: '127.0.0.1',
    summary: 'address the API listens on',
  },
  masterKey: {
    variable: 'SLUICE_MASTER_KEY',
    form: forms.masterKey,
    summary: 'wraps the data keys of tenants (made and kept in the data folder where not set)',
  },
  rootKey: {
    variable: 'SLUICE_ROOT_KEY',
    form: forms.key,
    summary: "the operator's API key (made and kept in the data folder where not set)",
  },
  publicUrl: {
    variable: 'SLUICE_PUBLIC_URL',
    form: forms.httpUrl,
    summary: 'how the outside reaches the API: OAuth callbacks and links',
  },
  egressAllow: {
    variable: 'SLUICE_EGRESS_ALLOW',
    form: forms.networks,
    standard: '',
    summary: 'private ranges that URLs of tenants may reach',
  },
  endpoints: {
    variable: 'SLUICE_ENDPOINTS',
    form: forms.endpoints,
    standard: '{}',
    summary: "sends a vendor's origin to a sandbox or a gateway",
  },
  oidcIssuer: {
    variable: 'SLUICE_OIDC_ISSUER',
    form: forms.issuer,
    summary: 'OpenID Connect issuer whose bearer JWTs are accepted',
  },
  oidcAudience: {
    variable: 'SLUICE_OIDC_AUDIENCE',
    form: forms.word,
    summary: 'audience those JWTs must be for',
  },
  logLevel: {
    variable: 'SLUICE_LOG_LEVEL',
    form: forms.logLevel,
    standard: 'info',
    summary: 'least level that is logged',
  },
  compat: {
    variable: 'SLUICE_COMPAT',
    form: forms.compat,
    summary:
      "serves databalancer's clients on /api as it did: its error texts, and no key needed on this machine",
  },
};

/**
 * Reads the settings: the environment, and below it `.env` in the working folder.
 * @throws CommandFailure that names every unusable variable, its value, and what is accepted.
 */
export function loadSettings(
  environment: NodeJS.ProcessEnv = process.env,
  cwd: string = process.cwd(),
): Settings {
  if (environment === process.env && existsSync(path.join(cwd, '.env')))
    process.loadEnvFile(path.join(cwd, '.env'));
  const problems: string[] = [];
  const read = <T>({ variable, form, standard }: Setting<T>): T | undefined => {
    // An empty variable is an unset one: that is how Compose files and shells leave a setting out.
    const text = environment[variable] || standard;
    if (text === undefined) return undefined;
    try {
      return form.parse(text, cwd);
    } catch (error) {
      problems.push(problem(variable, text, form, messageOf(error)));
      return undefined;
    }
  };
  const entries = Object.entries(SETTINGS) as [keyof Settings, Setting<unknown>][];
  const values = Object.fromEntries(entries.map(([name, setting]) => [name, read(setting)]));
  if ((values['oidcIssuer'] === undefined) !== (values['oidcAudience'] === undefined)) {
    problems.push('SLUICE_OIDC_ISSUER and SLUICE_OIDC_AUDIENCE belong together: set both, or neither.');
  }
  if (problems.length > 0) throw new CommandFailure(problems.join('\n'));
  // Each value has passed its own form, and a setting without a standard may be undefined.
  return values as Record<keyof Settings, unknown> as Settings;
}

function problem(variable: string, text: string, form: Form<unknown>, reason: string): string {
  const value = form.secret ? variable : `${variable}=${text}`;
  return `${value} is not usable: ${reason}. Accepted: ${form.accepted}.`;
}

/** Variables that look like settings and are none: most likely misspelt. One line each. */
export function unknownSettings(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const known = Object.values(SETTINGS).map((setting) => setting.variable);
  const endings = known.map((name) => name.slice(PREFIX.length));
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name) && !/^SLUICE_(SOAK|TEST_|BENCH_)/.test(name))
    .map((name) => {
      const meant = nearest(name.slice(PREFIX.length), endings);
      const hint = meant === undefined ? '' : ` Did you mean ${PREFIX}${meant}?`;
      return `${name} is not a setting of this version and has no effect.${hint}`;
    });
}

/** The settings as help text: name and default, what it is for, what is accepted. */
export function describeSettings(): string {
  return Object.values(SETTINGS)
    .map(({ variable, summary, form, standard }) => {
      const fallback = standard ? ` (${standard})` : '';
      return `  ${variable}${fallback}\n      ${summary}\n      ${form.accepted}`;
    })
    .join('\n');
}
