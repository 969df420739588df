import { Generator } from './generator.ts';
import { mutate } from './mutate.ts';
import { Random } from '../../../support/random.ts';
import { ATTACKS, HUGE, MYSQL_RESERVED, ODD_CHARACTERS, PLAIN } from './soup-words.ts';

/** Texts that are queries, almost queries, and nothing of the kind. The same seed gives the same ones. */
export class Soup {
  readonly #random: Random;
  readonly #generator: Generator;
  readonly #drawn = new Set<string>();

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#generator = new Generator(seed + 1);
  }

  /** Reserved words of MySQL that no text held so far. */
  get missing(): readonly string[] {
    return MYSQL_RESERVED.filter((word) => !this.#drawn.has(word));
  }

  next(): string {
    const random = this.#random;
    switch (random.below(10)) {
      case 0:
      case 1:
        return this.#soup(() => this.#token());
      case 2:
        return this.#soup(() => random.pick(PLAIN));
      case 3:
      case 4:
        return this.#spliced();
      case 5:
        return this.#spoiled();
      case 6:
        return this.#disguised();
      case 7:
        return this.#nested();
      case 8:
        return this.#generator.query().sql;
      default:
        return mutate(this.#generator.query().sql, random);
    }
  }

  #soup(token: () => string): string {
    const random = this.#random;
    const soup = Array.from({ length: 1 + random.below(25) }, token).join(random.pick([' ', ' ', '\n', '']));
    return random.chance(0.8) ? `SELECT ${soup}` : soup;
  }

  #token(): string {
    const random = this.#random;
    const token = random.pick([PLAIN, PLAIN, ATTACKS, HUGE, MYSQL_RESERVED]);
    const word = random.pick(token);
    this.#drawn.add(word);
    return random.chance(0.1) ? word.toLowerCase() : word;
  }

  /** A query with odd tokens put in, or in another's place. */
  #spliced(): string {
    const random = this.#random;
    const words = this.#generator.query().sql.split(' ');
    for (let i = 1 + random.below(2); i > 0; i--) words.splice(random.below(words.length + 1), random.below(2), this.#token());
    return words.join(' ');
  }

  /** A query with odd characters put in, or some of its own lost, doubled or moved. */
  #spoiled(): string {
    const random = this.#random;
    let text = this.#generator.query().sql;
    for (let i = 1 + random.below(3); i > 0; i--) {
      const at = random.below(text.length + 1);
      const gone = at + random.below(3);
      const put = random.chance(0.7) ? random.pick(ODD_CHARACTERS) : text.slice(at, at + random.below(12)).repeat(1 + random.below(2));
      text = text.slice(0, at) + put + text.slice(gone);
    }
    return text;
  }

  /** The same query to a server: other blanks, comments, cases, quotes. Now and then an attack hides in a comment or text. */
  #disguised(): string {
    const random = this.#random;
    const blank = (): string => random.pick([' ', ' ', '  ', '\n', '\t', '\r\n', '/**/', '/* x */', ' -- x\n', ' # x\n', `/* ${random.pick(ATTACKS)} */`, '/*!', '/*+ x */']);
    const text = this.#generator.query().sql.replaceAll(' ', () => (random.chance(0.8) ? ' ' : blank()));
    const cased = random.chance(0.3) ? text.replace(/\b[A-Z]{2,}\b/g, (word) => (random.chance(0.5) ? word.toLowerCase() : word)) : text;
    const end = random.pick(['', '', '', ';', ';;', '-- x', '#', '/* x', `;${random.pick(ATTACKS)}`]);
    return random.chance(0.3) ? `${random.pick(['', '(', '/* x */'])}${cased}${end}` : cased + end;
  }

  /** Parentheses, signs and queries inside each other; numbers as large as they come. */
  #nested(): string {
    const random = this.#random;
    // What the parser cannot read costs a thread each time.
    const depth = random.chance(0.02) ? random.pick([30, 50, 100]) : random.pick([1, 2, 3, 5, 8, 12, 16]);
    const [open, close] = random.pick([
      ['(', ')'],
      ['-(', ')'],
      ['NOT (', ')'],
      ['(SELECT ', ')'],
      ['(SELECT a FROM t WHERE a = ', ' LIMIT 1)'],
      ['COALESCE(NULL, ', ')'],
      ['IF(TRUE, ', ', NULL)'],
      ['CASE WHEN TRUE THEN ', ' END'],
      ['1 + ', ' * 2'],
      ['a / ', ''],
      ['EXISTS (SELECT ', ' FROM t)'],
      ['IF(EXISTS (SELECT 1 FROM u WHERE u.a = t.a), ', ', 1)'],
    ] as const);
    const inside = random.pick([...HUGE, 'a', 'NULL', 'TRUE', "'a'", 'f', this.#token()]);
    const operator = random.pick(['+', '-', '*', '/', '%', '=', '<=>', ',', 'AND', 'OR']);
    return `SELECT ${open.repeat(depth)}${inside}${close.repeat(depth)} ${operator} ${random.pick(HUGE)} FROM t`;
  }
}
