import { SluiceError } from '../../../kernel/errors.ts';
import type { LogColumn } from '../../../kernel/logs.ts';
import { didYouMean } from '../../../kernel/suggest.ts';
import { shown } from '../names.ts';
import { storedOperand } from './field-value.ts';
import { fieldsOf, type Field, type LogFilter, type Operator } from './filter.ts';
import { fold } from './fold.ts';
import { FilterFault, tokensOf, type Token } from './tokens.ts';

/** Characters of a filter, terms in it, and how deep parentheses and negations may nest. */
const MAX_LENGTH = 4096;
const MAX_TERMS = 64;
const MAX_DEPTH = 16;

/**
 * Reads a filter: terms that all hold, `OR`, `-`, parentheses; see docs/logs.md.
 * @param columns of the family; `id` and `_time` are known too. Words are looked for in those of texts and json that there are
 *   now: read the filter again when the family gets more.
 * @param path where it was sent, as a JSON Pointer
 * @throws SluiceError VALIDATION_FAILED with the place and what is accepted there
 */
export function parseFilter(text: string, columns: readonly LogColumn[], path = '/query/q'): LogFilter {
  try {
    checkText(text);
    return new FilterParser(tokensOf(text), fieldsOf(columns), text.length).all();
  } catch (error) {
    if (!(error instanceof FilterFault)) throw error;
    const message = `At character ${error.at + 1}: ${error.message}.`;
    throw new SluiceError('VALIDATION_FAILED', message, { errors: [{ path, message }], cause: error });
  }
}

function checkText(text: string): void {
  if (text.length > MAX_LENGTH) {
    throw new FilterFault(
      `a filter has at most ${MAX_LENGTH} characters; this one has ${text.length}`,
      MAX_LENGTH,
    );
  }
  const wrong = text.search(/\0|\p{Surrogate}/u);
  if (wrong >= 0) throw new FilterFault('this is no character that can be looked for', wrong);
}

class FilterParser {
  readonly #tokens: readonly Token[];
  readonly #fields: ReadonlyMap<string, Field>;
  readonly #end: number;
  #next = 0;
  #terms = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], fields: ReadonlyMap<string, Field>, end: number) {
    this.#tokens = tokens;
    this.#fields = fields;
    this.#end = end;
  }

  all(): LogFilter {
    if (this.#tokens.length === 0) return { node: 'all' };
    const filter = this.#either();
    const left = this.#tokens[this.#next];
    if (left) throw new FilterFault('this ) closes nothing', left.at);
    return filter;
  }

  /** AND, written or not, binds closer than OR. */
  #either(): LogFilter {
    const terms = [this.#both()];
    while (this.#take('OR')) terms.push(this.#both());
    return terms.length === 1 ? terms[0]! : { node: 'or', terms };
  }

  #both(): LogFilter {
    const terms = [this.#one()];
    for (;;) {
      const kind = this.#tokens[this.#next]?.kind;
      if (kind === undefined || kind === 'OR' || kind === ')') break;
      this.#take('AND');
      terms.push(this.#one());
    }
    return terms.length === 1 ? terms[0]! : { node: 'and', terms };
  }

  #one(): LogFilter {
    const token = this.#tokens[this.#next++];
    if (!token) throw new FilterFault('a term is missing at the end', this.#end);
    switch (token.kind) {
      case '-':
        return { node: 'not', term: this.#deeper(token, () => this.#one()) };
      case '(': {
        const inner = this.#deeper(token, () => this.#either());
        if (!this.#take(')')) throw new FilterFault('this ( is never closed', token.at);
        return inner;
      }
      case 'word':
      case 'field':
        this.#terms += 1;
        if (this.#terms > MAX_TERMS)
          throw new FilterFault(`a filter has at most ${MAX_TERMS} terms`, token.at);
        return token.kind === 'word' ? this.#word(token) : this.#test(token);
      default:
        throw new FilterFault(
          `a term is expected here, and not ${token.kind}; to look for the word, put it in quotes`,
          token.at,
        );
    }
  }

  #deeper(token: Token, read: () => LogFilter): LogFilter {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new FilterFault(`a filter nests at most ${MAX_DEPTH} deep`, token.at);
    const filter = read();
    this.#depth -= 1;
    return filter;
  }

  #take(kind: Token['kind']): boolean {
    const found = this.#tokens[this.#next]?.kind === kind;
    if (found) this.#next += 1;
    return found;
  }

  #word({ value }: Extract<Token, { kind: 'word' }>): LogFilter {
    if (value.text === '') throw new FilterFault('there is no text between these quotes', value.at);
    const fields = [...this.#fields.values()].filter(({ type }) => type === 'string' || type === 'json');
    return { node: 'text', folded: fold(value.text), fields };
  }

  #test({ name, op, value, at }: Extract<Token, { kind: 'field' }>): LogFilter {
    const field = this.#fields.get(name);
    if (!field) throw this.#unknown(name, at);
    if (value.starred) return starred(field, op, value.text, value.quoted, value.at);
    if (!value.quoted && value.text.includes('*')) {
      throw new FilterFault(
        '* stands at the end only, where it means any ending; put the value in quotes to look for * itself',
        value.at,
      );
    }
    if (op !== '=' && (field.type === 'bool' || field.type === 'json')) {
      throw new FilterFault(`${op} does not apply to ${name}, which is of the type ${field.type}`, at);
    }
    return { node: 'compare', field, op: op as Operator, value: storedOperand(field, value) };
  }

  #unknown(name: string, at: number): FilterFault {
    const names = [...this.#fields.keys()];
    const some = names.slice(0, 20).join(', ') + (names.length > 20 ? ', ...' : '');
    const hint = didYouMean(name, names);
    return new FilterFault(
      `${shown(name)} is no field of this family; there are ${some}.${hint} To look for text with a colon in it, put it in quotes`,
      at,
    );
  }
}

/** `field:*`, a value of any kind, and `field:abc*`, a text that begins so. */
function starred(field: Field, op: string, prefix: string, quoted: boolean, at: number): LogFilter {
  if (op !== '=') throw new FilterFault(`${op} takes a value, and no *`, at);
  if (prefix === '' && !quoted) return { node: 'present', field };
  if (field.type !== 'string') {
    throw new FilterFault(
      `${field.name} is of the type ${field.type}: only the beginning of a string can be looked for with *`,
      at,
    );
  }
  if (!quoted && prefix.includes('*'))
    throw new FilterFault('one * is enough: put the value in quotes to look for * itself', at);
  return { node: 'prefix', field, prefix };
}
