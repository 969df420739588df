import type { Scalar } from 'yaml';

/**
 * Why a plain scalar that YAML reads as a number is refused wherever it stands: what was written is lost by the
 * reading. A telephone number loses its plus, a postcode its zeros, a long id its last digits.
 */
export function numberTrouble(scalar: Scalar): string | undefined {
  if (scalar.type !== 'PLAIN' || typeof scalar.value !== 'number') return undefined;
  const text = scalar.source ?? '';
  const read = scalar.value;
  if (!Number.isFinite(read)) return `${text} is not a JSON number. ${remedy(text)}`;
  if (/^\+\d/.test(text))
    return `YAML reads ${text} as the number ${read}, without its plus sign. ${remedy(text)}`;
  if (/^[-+]?0\d+$/.test(text)) {
    return `YAML reads ${text} as the number ${read}, without its leading zeros. ${remedy(text)}`;
  }
  if (/^[-+]?\d+$/.test(text) && !Number.isSafeInteger(read)) {
    return `YAML reads ${text} as the number ${read}, which does not hold all of its digits. ${remedy(text)}`;
  }
  return undefined;
}

/** True where a number's text cannot be had back from the number: `1.0`, `0x1F`, `1e3`. */
export function losesItsText(source: string, value: number): boolean {
  return String(value) !== source;
}

export function remedy(text: string): string {
  return `If text is meant, put it in quotes: "${text}".`;
}
