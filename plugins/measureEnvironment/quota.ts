const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** What is to be said where `bytes` are more than the quota; nothing where they are not, or there is none. */
export function overBy(what: string, bytes: number, quota: number | undefined): readonly string[] {
  if (quota === undefined || bytes <= quota) return [];
  const [taken, allowed, over] = [bytes, quota, bytes - quota].map(sizeText);
  return [`The ${what} takes ${taken}, ${over} more than its quota of ${allowed}.`];
}

function sizeText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${Number(value.toFixed(1))} ${UNITS[unit]}`;
}
