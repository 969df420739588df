import type { FieldWriter } from './field-writer.ts';
import { digitsOf } from './integers.ts';

const [MINUS, POINT, ZERO] = [0x2d, 0x2e, 0x30];

/** `-12.50`: at most `precision - scale` digits before the point and `scale` behind it. Nothing is rounded. */
export function decimalWriter(precision: number, scale: number): FieldWriter {
  const whole = precision - scale;
  const behind = scale === 0 ? 'none behind a point' : `at most ${scale} behind the point`;
  const wrong = `Expected a decimal(${precision},${scale}): at most ${whole} digits, and ${behind}; no signs between them, no zeros in front.`;
  return (bytes, from, to, out) => {
    let point = from;
    while (point < to && bytes[point] !== POINT) point++;
    const digits = digitsOf(bytes, from, point);
    if (digits === 0 || (digits > whole && !isZero(bytes, from, digits))) return wrong;
    const fraction = to - point - 1;
    if (point < to && (fraction === 0 || fraction > scale || !allDigits(bytes, point + 1, to))) return wrong;
    out.copy(bytes, from, to);
    return undefined;
  };
}

/** The 0 in `0.5` is no digit of the number. */
function isZero(bytes: Uint8Array, from: number, digits: number): boolean {
  return digits === 1 && bytes[bytes[from] === MINUS ? from + 1 : from] === ZERO;
}

function allDigits(bytes: Uint8Array, from: number, to: number): boolean {
  for (let index = from; index < to; index++) {
    if (bytes[index]! < ZERO || bytes[index]! > ZERO + 9) return false;
  }
  return true;
}
