import pg from 'pg';

/** Roles the pools take on. Row-level security is written for them; the login itself may be a superuser. */
export type Role = 'sluice_app' | 'sluice_engine';

/** Server settings of a session, by name. */
export type Settings = Readonly<Record<string, string>>;

const SETTINGS: Settings = {
  search_path: 'public',
  timezone: 'UTC',
  // Nothing here takes long; what hangs is to fail where it can be seen.
  statement_timeout: '60s',
  idle_in_transaction_session_timeout: '60s',
};

/**
 * Options of a client or pool for `url`. Settings travel in the start-up message, so they are the session's
 * defaults and `RESET` keeps them. `options` in the URL come first: they cannot undo the role.
 */
export function connectionTo(url: string, settings: Settings = {}): pg.ClientConfig {
  const parsed = new URL(url);
  const given = parsed.searchParams.get('options');
  // pg lets a URL's options replace the ones it is given.
  parsed.searchParams.delete('options');
  const ours = Object.entries({ ...SETTINGS, ...settings }).map(([name, value]) => `-c ${name}=${value}`);
  return {
    connectionString: parsed.href,
    options: [...(given ? [given] : []), ...ours].join(' '),
    application_name: 'sluice',
    keepAlive: true,
    types: { getTypeParser },
  };
}

const { INT8, DATE } = pg.types.builtins;

/**
 * int8 is a number where it is a safe one (versions, epochs and counts are) and its text beyond; a date is its
 * text, for it has no time zone. All else is as pg has it: timestamptz is a Date, 'infinity' is Infinity.
 */
export const getTypeParser: pg.CustomTypesConfig['getTypeParser'] = (oid, format) => {
  if (format !== 'binary' && oid === INT8) return parseInt8;
  if (format !== 'binary' && oid === DATE) return (text: string) => text;
  const types: pg.CustomTypesConfig = pg.types;
  return types.getTypeParser(oid, format) as (text: string) => unknown;
};

function parseInt8(text: string): number | string {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}
