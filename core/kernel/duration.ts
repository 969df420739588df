const PATTERN = /^P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
const UNITS = [604_800_000, 86_400_000, 3_600_000, 60_000, 1000];

/**
 * Milliseconds of an ISO 8601 duration of weeks, days, hours, minutes and seconds (`PT1M`, `P1DT2H`, `PT0.5S`).
 * Years and months have no fixed length and are not accepted.
 * @returns undefined where the text is no such duration.
 */
export function parseDuration(text: string): number | undefined {
  const match = PATTERN.exec(text);
  if (!match || text.endsWith('P') || text.endsWith('T')) return undefined;
  return Math.round(UNITS.reduce((sum, unit, i) => sum + Number(match[i + 1] ?? 0) * unit, 0));
}

/** The shortest ISO 8601 text of a duration in milliseconds: 2000 is `PT2S`, 90 000 is `PT1M30S`. */
export function formatDuration(ms: number): string {
  let rest = Math.max(0, Math.round(ms));
  const take = (unit: number): number => {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    return count;
  };
  const days = take(86_400_000);
  const hours = take(3_600_000);
  const minutes = take(60_000);
  const seconds = rest / 1000;
  const time = `${hours ? `${hours}H` : ''}${minutes ? `${minutes}M` : ''}${seconds ? `${seconds}S` : ''}`;
  if (!days && !time) return 'PT0S';
  return `P${days ? `${days}D` : ''}${time ? `T${time}` : ''}`;
}
