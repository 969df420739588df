/**
 * The pattern of a path as OpenAPI writes it. Express's own syntax reads `/runs:replay` as a parameter, so patterns
 * are made here. A colon of the path also matches as `%3A`, and a parameter never holds one.
 * @param colons true where the last parameter may, since no path goes on behind it
 */
export function pathPattern(path: string, colons = false): RegExp {
  const source = path
    .split(/(\{\w+\})/)
    .map((part) => {
      const name = /^\{(\w+)\}$/.exec(part)?.[1];
      if (name) return colons && path.endsWith(part) ? `(?<${name}>[^/]+)` : `(?<${name}>(?:(?!%3[Aa])[^/:])+)`;
      return part.replace(/[.*+?^$()[\]\\|]/g, String.raw`\$&`).replaceAll(':', '(?::|%3[Aa])');
    })
    .join('');
  return new RegExp(`^${source}/?$`);
}

export function parametersOf(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
}
