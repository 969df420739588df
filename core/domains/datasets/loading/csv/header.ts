import type { Column } from '../../../../kernel/columns.ts';
import { didYouMean } from '../../../../kernel/suggest.ts';
import { shownText } from '../shown.ts';
import { FileRefused } from './refused.ts';

const MOST_NAMED = 10;

/**
 * Where each declared column stands in the file. Names are those declared, letter by letter, in any order.
 * @throws FileRefused naming the columns that are missing, not declared or there twice
 */
export function placesOf(columns: readonly Column[], header: readonly string[]): readonly number[] {
  const declared = columns.map(({ name }) => name);
  const missing = declared.filter((name) => !header.includes(name));
  const unknown = header.filter((name) => !declared.includes(name));
  const twice = new Set(header.filter((name, index) => declared.includes(name) && header.indexOf(name) !== index));
  const problems = [
    ...few([...twice], (name) => `The column "${name}" is there twice.`),
    ...few(missing, (name) => `The column "${name}" is missing.`),
    ...few(unknown, (name) => `The column ${quoted(name)} is not declared.${didYouMean(name, missing)}`),
  ];
  if (problems.length === 0) return declared.map((name) => header.indexOf(name));
  throw new FileRefused(`The header does not fit. ${problems.join(' ')} Declared are ${declared.join(', ')}.`);
}

function quoted(name: string): string {
  return name === '' ? 'without a name' : `"${shownText(name)}"`;
}

function few(names: readonly string[], say: (name: string) => string): string[] {
  const more = names.length - MOST_NAMED;
  return [...names.slice(0, MOST_NAMED).map(say), ...(more > 0 ? [`So it is with ${more} more.`] : [])];
}
