import type { FieldWriter } from './field-writer.ts';

const [TRUE, FALSE] = [Buffer.from('true'), Buffer.from('false')];

/** `true` or `false`. */
export const writeBoolean: FieldWriter = (bytes, from, to, out) => {
  const word = bytes[from] === TRUE[0] ? TRUE : FALSE;
  if (to - from !== word.length || !word.every((byte, index) => bytes[from + index] === byte))
    return 'Expected true or false, in small letters.';
  out.byte(word[0]!);
  return undefined;
};
