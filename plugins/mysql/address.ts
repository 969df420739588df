/** Where a shard is and who administers it, taken from its URL. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly socketPath?: string;
  readonly user: string;
  readonly password: string;
  readonly tls: 'off' | 'verified' | 'unverified';
  /** For messages: never a user or password. */
  readonly label: string;
}

const TLS: Readonly<Record<string, Address['tls']>> = {
  false: 'off',
  true: 'verified',
  'no-verify': 'unverified',
};

/**
 * Reads `mysql://user:password@host:port/?ssl=true`. Parameters: `ssl` (`true`, `no-verify`, `false`) and
 * `socketPath`. A database in it means nothing: every tenant has its own.
 * @throws Error naming what is wrong, never the password.
 */
export function parseAddress(text: string, name: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['mysql:', 'mariadb:'].includes(url.protocol) || url.username === '') {
    throw new Error(`The URL of shard "${name}" is not of the form mysql://user:password@host:3306.`);
  }
  const unknown = [...url.searchParams.keys()].find((key) => key !== 'ssl' && key !== 'socketPath');
  if (unknown !== undefined) {
    throw new Error(
      `The URL of shard "${name}" has a parameter "${unknown}"; it may have ssl and socketPath.`,
    );
  }
  const ssl = url.searchParams.get('ssl') ?? 'false';
  const tls = TLS[ssl];
  if (!tls)
    throw new Error(`The URL of shard "${name}" says ssl=${ssl}; it may be true, no-verify or false.`);
  const socketPath = url.searchParams.get('socketPath');
  const host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1') || '127.0.0.1';
  const port = Number(url.port || 3306);
  return {
    host,
    port,
    ...(socketPath ? { socketPath } : {}),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    tls,
    label: `${name} (${socketPath ?? `${host}:${port}`})`,
  };
}
