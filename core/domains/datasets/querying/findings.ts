import type { Violation } from '../../../kernel/errors.ts';
import { didYouMean } from '../../../kernel/suggest.ts';
import { show } from '../../../language/schema/show.ts';

/** What is wrong with a body, and where: paths are JSON Pointers into it. */
export class Findings {
  readonly all: Violation[] = [];

  add(path: string, message: string): void {
    this.all.push({ path, message });
  }

  /** A name that is none of those there are. */
  unknown(path: string, what: string, name: string, known: readonly string[]): void {
    const there = known.length > 0 ? `there are: ${known.join(', ')}` : 'there is none';
    this.add(path, `${show(name)} is no ${what}; ${there}.${didYouMean(name, known)}`);
  }
}
