/** What a family or column may be called, on every store. */
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,59}$/;
const RESERVED = ['id', 'raw_logs'];

/** Most columns of a family, `id` not counted. */
export const MAX_COLUMNS = 190;

/** What is wrong with a name, if anything is. Reserved names are so whatever their case. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'A name may not be empty.';
  if (!IDENTIFIER.test(name)) {
    return `${shown(name)} is not a name: letters of ASCII, digits and _ are accepted, 60 at most, and no digit in front.`;
  }
  if (RESERVED.includes(name.toLowerCase())) return `"${name}" is reserved; take another name.`;
  if (name.startsWith('_')) return `"${name}" is reserved: names that begin with _ are the platform's own.`;
  return undefined;
}

/** A text that a message may repeat: quoted, and cut where it is long. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}
