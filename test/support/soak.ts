const SOAKING = Boolean(process.env['SLUICE_SOAK']);

/** How much of something a test does: `short` for `npm test`, `long` for `npm run faults`. */
export function soak(short: number, long: number): number {
  return SOAKING ? long : short;
}
