const GSM_BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const GSM_EXTENDED = '\f^{}\\[~]|€';

/**
 * How many SMS segments a text takes: 160 GSM-7 characters or 70 UTF-16 units alone, 153 or 67 each where joined.
 * Source: https://www.twilio.com/docs/glossary/what-is-gsm-7-character-encoding
 */
export function countSegments(text: string): number {
  const septets = gsmLength(text);
  if (septets === undefined) return segments(text.length, 70, 67);
  return segments(septets, 160, 153);
}

function segments(length: number, alone: number, joined: number): number {
  return length <= alone ? 1 : Math.ceil(length / joined);
}

function gsmLength(text: string): number | undefined {
  let length = 0;
  for (const character of text) {
    if (GSM_BASIC.includes(character)) length += 1;
    else if (GSM_EXTENDED.includes(character)) length += 2;
    else return undefined;
  }
  return length;
}
