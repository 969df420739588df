/** SLUICE_ENDPOINTS: a vendor's origin, and where its connections really go. */
export interface Endpoints {
  /** Where an origin's connections go, if not to itself. */
  get(origin: string): URL | undefined;
}

/**
 * @param everywhere where the connections of every other origin go: tests of definitions answer all of them
 * @throws Error naming the entry that is no origin
 */
export function parseEndpoints(endpoints: Readonly<Record<string, string>>, everywhere?: string): Endpoints {
  const named = new Map(Object.entries(endpoints).map(([from, to]) => [origin(from).origin, origin(to)]));
  const rest = everywhere === undefined ? undefined : origin(everywhere);
  return { get: (from) => named.get(from) ?? rest };
}

function origin(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const bare = url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search && !url.username;
  if (url && bare) return url;
  throw new Error(
    `SLUICE_ENDPOINTS: "${text}" is no origin; write it as https://api.example.com or http://127.0.0.1:4010.`,
  );
}

/** The same URL at the origin it is mapped to: for pages that a browser opens. */
export function mapUrl(url: URL, endpoints: Endpoints): URL {
  const target = endpoints.get(url.origin);
  return target ? new URL(`${target.origin}${url.pathname}${url.search}${url.hash}`) : url;
}
