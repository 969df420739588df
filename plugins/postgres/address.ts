import type pg from 'pg';

/** How to reach a database, and what to call it in messages. */
export interface Address {
  readonly config: pg.ClientConfig;
  readonly label: string;
}

/** Ms within which a server must take a connection, or answer what never has to wait. */
export const CONNECT_TIMEOUT = 2000;

/** Settings of every session, so that nothing depends on how the server was configured. */
const SETTINGS: Readonly<Record<string, string>> = {
  search_path: 'pg_catalog',
  timezone: 'UTC',
  datestyle: 'ISO',
  intervalstyle: 'postgres',
  // 0 would round doubles to 15 digits; from 1 on they come back as they were.
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  bytea_output: 'hex',
  default_transaction_isolation: 'read\\ committed',
  statement_timeout: '60s',
  lock_timeout: '5s',
  idle_in_transaction_session_timeout: '60s',
};

/**
 * Reads `postgres://user:password@host:port/database`; its parameters are pg's own (`sslmode` and others).
 * @throws Error naming what is wrong, never the password.
 */
export function parseAddress(text: string, name: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['postgres:', 'postgresql:'].includes(url.protocol) || url.pathname.length < 2) {
    throw new Error(
      `The URL of shard "${name}" is not of the form postgres://user:password@host:5432/database.`,
    );
  }
  const given = url.searchParams.get('options');
  // pg lets a URL's options replace the ones it is given.
  url.searchParams.delete('options');
  const ours = Object.entries(SETTINGS).map(([key, value]) => `-c ${key}=${value}`);
  return {
    config: {
      connectionString: url.href,
      options: [...(given ? [given] : []), ...ours].join(' '),
      application_name: 'sluice-logs',
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      keepAlive: true,
    },
    label: `${name} (${url.host || 'local'}${url.pathname})`,
  };
}
