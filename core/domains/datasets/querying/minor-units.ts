import type { Json } from '../../../kernel/json.ts';

/**
 * An integer of minor units as decimal text, exactly: `-5` with two digits behind the point is `-0.05`. Null stays null.
 * @param units a whole number, as text beyond 2^53
 */
export function minorUnits(units: Json, scale: number): Json {
  if (units === null) return null;
  const number = BigInt(units as number | string);
  const digits = String(number < 0n ? -number : number).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const text = scale === 0 ? whole : `${whole}.${digits.slice(-scale)}`;
  return number < 0n ? `-${text}` : text;
}
