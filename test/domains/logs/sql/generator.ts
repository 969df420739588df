import type { FamilyShape } from '../../../../core/domains/logs/sql/catalog.ts';
import { Random } from '../../../support/random.ts';
import { ONE_SHARD } from './sample.ts';

/** `big` are whole numbers that no arithmetic may make larger, `exact` decimals that were not divided, `decimal` any. */
type Kind = 'text' | 'int' | 'big' | 'exact' | 'decimal' | 'float' | 'bool' | 'time' | 'json';

interface Column {
  readonly written: string;
  readonly kind: Kind;
}

interface Source {
  readonly sql: string;
  readonly columns: readonly Column[];
  /** What `*` gives, where it is not the columns in order. */
  readonly star?: readonly Kind[];
}

interface Written {
  readonly sql: string;
  readonly kinds: readonly Kind[];
  /** What ORDER BY may be of, where that is any column. */
  readonly free?: readonly Column[];
}

const KINDS: readonly Kind[] = ['text', 'int', 'big', 'exact', 'decimal', 'float', 'bool', 'time', 'json'];
const OF_TYPE = { string: 'text', int: 'int', float: 'float', bool: 'bool', timestamp: 'time', json: 'json' } as const;

/**
 * SELECTs over the sample families, of every kind of node that is accepted. Left out is what MariaDB itself answers by
 * the plan it takes (quotients, which carry digits they do not show, inside aggregates and comparisons), doubles that sum
 * up to other digits in another order, and integers near the end of BIGINT.
 */
export class Generator {
  readonly #random: Random;
  readonly #families: readonly FamilyShape[];
  #alias = 0;

  constructor(seed: number, families: readonly FamilyShape[] = ONE_SHARD) {
    this.#random = new Random(seed);
    this.#families = families;
  }

  /** A query, and whether its rows have one order only. */
  query(): { sql: string; ordered: boolean } {
    const random = this.#random;
    this.#alias = 0;
    const shape = random.below(10);
    if (shape === 0) return this.#union();
    if (shape === 1) return this.#withCte();
    const select = this.#select(2, []);
    return this.#finish(select.sql, select.kinds.length, select.free);
  }

  /** Ordered by all columns, so that LIMIT leaves the same rows everywhere. */
  #finish(sql: string, columns: number, free: readonly Column[] = []): { sql: string; ordered: boolean } {
    const random = this.#random;
    if (random.chance(0.4)) return { sql, ordered: false };
    const keys = Array.from({ length: columns }, (_, index) => `${index + 1}${random.pick(['', ' ASC', ' DESC', ' desc'])}`);
    if (free.length > 0 && random.chance(0.3)) keys.unshift(this.#expression(random.pick(KINDS), free, 1));
    // MariaDB loses count of DISTINCT rows that are constant.
    const limits = /DISTINCT /i.test(sql) ? [''] : ['', '', ' LIMIT 3', ' LIMIT 2, 4', ' LIMIT 5 OFFSET 1', ' LIMIT 0'];
    const limit = random.pick(limits);
    return { sql: `${sql} ORDER BY ${keys.join(', ')}${limit}`, ordered: true };
  }

  #union(): { sql: string; ordered: boolean } {
    const random = this.#random;
    const kinds = Array.from({ length: 1 + random.below(3) }, () => random.pick(KINDS));
    const part = (): string => {
      const sql = this.#select(1, [], kinds).sql;
      return random.chance(0.3) ? `(${sql})` : sql;
    };
    const word = (): string => random.pick(['UNION', 'UNION ALL', 'union distinct']);
    const sql = random.chance(0.3) ? `${part()} ${word()} ${part()} ${word()} ${part()}` : `${part()} ${word()} ${part()}`;
    return this.#finish(sql, kinds.length);
  }

  #withCte(): { sql: string; ordered: boolean } {
    const inner = this.#select(1, []);
    const name = `w${(this.#alias += 1)}`;
    const names = inner.kinds.map((_, index) => `k${index}`);
    const columns = names.map((column, index) => ({ written: `${name}.${column}`, kind: inner.kinds[index]! }));
    const select = this.#select(1, [], undefined, { sql: name, columns });
    return this.#finish(`WITH ${name} (${names.join(', ')}) AS (${inner.sql}) ${select.sql}`, select.kinds.length);
  }

  #select(depth: number, outer: readonly Column[], wanted?: readonly Kind[], given?: Source): Written {
    const random = this.#random;
    const source = given ?? this.#from(depth);
    const grouped = random.chance(0.3);
    if (grouped) return this.#grouped(source, outer, wanted, depth);
    const columns = [...source.columns, ...outer];
    if (!wanted && random.chance(0.1)) return this.#star(source, columns);
    const kinds = wanted ?? Array.from({ length: 1 + random.below(3) }, () => random.pick(KINDS));
    const items = kinds.map((kind) => this.#item(this.#expression(kind, columns, depth)));
    const where = random.chance(0.6) ? ` WHERE ${this.#condition(columns, depth)}` : '';
    // A quotient shows its own digits behind a DISTINCT, and its UNION's without.
    const distinct = random.pick(['', '', '', wanted?.includes('decimal') ? '' : 'DISTINCT ', 'all ']);
    const sql = `SELECT ${distinct}${items.join(', ')} FROM ${source.sql}${where}`;
    return distinct === 'DISTINCT ' ? { sql, kinds } : { sql, kinds, free: columns };
  }

  #star(source: Source, columns: readonly Column[]): Written {
    const random = this.#random;
    const where = random.chance(0.6) ? ` WHERE ${this.#condition(columns, 1)}` : '';
    const table = source.columns[0]!.written.split('.')[0]!;
    if (random.chance(0.5)) return { sql: `SELECT * FROM ${source.sql}${where}`, kinds: source.star ?? source.columns.map(({ kind }) => kind) };
    const kinds = source.columns.filter(({ written }) => written.startsWith(`${table}.`)).map(({ kind }) => kind);
    return { sql: `SELECT ${table}.*, 7 AS seven FROM ${source.sql}${where}`, kinds: [...kinds, 'int'] };
  }

  #grouped(source: Source, outer: readonly Column[], wanted: readonly Kind[] | undefined, depth: number): Written {
    const random = this.#random;
    const drawn = Array.from({ length: random.below(3) }, () => this.#groupKey(source.columns));
    // MariaDB gives two equal keys one name.
    const keys = drawn.filter(({ written }, index) => drawn.findIndex((other) => other.written === written) === index);
    const kinds = wanted ?? [...keys.map(({ kind }) => kind), ...Array.from({ length: 1 + random.below(2) }, () => random.pick(KINDS))];
    const groupedBy = keys.map(({ written }) => written);
    const named: string[] = [];
    const items = kinds.map((kind, index) => {
      const key = keys[index]?.kind === kind ? keys[index] : undefined;
      const written = key?.written ?? this.#aggregate(kind, source.columns);
      if (random.chance(0.6)) return this.#item(written);
      const alias = `g${(this.#alias += 1)}`;
      if (key) groupedBy[index] = random.pick([alias, String(index + 1), written]);
      if (kind === 'int') named.push(alias);
      return `${written} AS ${alias}`;
    });
    const where = random.chance(0.4) ? ` WHERE ${this.#condition([...source.columns, ...outer], depth)}` : '';
    const groups = keys.length > 0 ? ` GROUP BY ${groupedBy.join(', ')}` : '';
    // Of no row at all MariaDB makes one group, and does not ask it for HAVING.
    const having = (keys.length > 0 || !source.sql.includes('bare')) && random.chance(0.4) ? ` HAVING ${this.#having(source.columns, named)}` : '';
    return { sql: `SELECT ${items.join(', ')} FROM ${source.sql}${where}${groups}${having}`, kinds };
  }

  #having(columns: readonly Column[], named: readonly string[]): string {
    const random = this.#random;
    const left = (): string => (named.length > 0 && random.chance(0.6) ? random.pick(named) : this.#aggregate('int', columns));
    const part = (): string => `${left()} ${random.pick(['>', '<', '>=', '<>', '='])} ${this.#int()}`;
    return random.chance(0.3) ? `${part()} ${random.pick(['AND', 'OR'])} ${part()}` : part();
  }

  #groupKey(columns: readonly Column[]): Column {
    const random = this.#random;
    const fitting = columns.filter(({ kind }) => kind !== 'decimal' && kind !== 'exact');
    if (fitting.length === 0) return { written: columns[0]!.written, kind: columns[0]!.kind };
    const column = random.pick(fitting);
    if (column.kind === 'int' && random.chance(0.3)) return { written: `${column.written} % 3`, kind: 'int' };
    if (column.kind === 'text' && random.chance(0.3)) return { written: `LOWER(${column.written})`, kind: 'text' };
    return column;
  }

  #aggregate(kind: Kind, columns: readonly Column[]): string {
    const random = this.#random;
    const distinct = random.pick(['', '', 'DISTINCT ']);
    const column = (of: Kind): string => this.#column(of, columns) ?? (of === 'time' || of === 'json' ? 'NULL' : this.#literal(of));
    if (kind === 'int' && random.chance(0.7)) {
      const any = (): string => `COUNT(${distinct}${this.#column(random.pick(KINDS), columns) ?? this.#value(random.pick(['float', 'bool']))})`;
      return random.pick(['COUNT(*)', any(), any(), `COUNT(${this.#literal('int')})`, `COUNT(${distinct}${this.#expression('exact', columns, 1)})`]);
    }
    if (kind === 'exact') {
      const exact = this.#expression('exact', columns, 1);
      return random.pick([`SUM(${distinct}${column(random.pick(['int', 'big']))})`, `${random.pick(['SUM', 'MIN', 'MAX'])}(${distinct}${exact})`, `SUM(${column('bool')})`]);
    }
    if (kind === 'decimal') {
      const exact = this.#expression('exact', columns, 0);
      return random.pick([`AVG(${distinct}${column(random.pick(['int', 'big', 'bool']))})`, `AVG(${column('int')} + ${this.#int()})`, `AVG(${exact})`]);
    }
    if (kind === 'float') return `${random.pick(['SUM', 'AVG', 'MIN', 'MAX'])}(${column('float')})`;
    return `${random.pick(['MIN', 'MAX', 'min', 'Max'])}(${distinct}${column(kind)})`;
  }

  #item(expression: string): string {
    const random = this.#random;
    this.#alias += 1;
    return random.pick([expression, `${expression} AS c${this.#alias}`, `${expression} \`c ${this.#alias}\``]);
  }

  #from(depth: number): Source {
    const random = this.#random;
    const first = this.#relation(depth);
    const shape = random.below(6);
    if (shape > 2) return first;
    const second = this.#relation(depth - 1);
    const columns = [...first.columns, ...second.columns];
    if (shape === 0) return { sql: `${first.sql}${random.pick([', ', ' CROSS JOIN '])}${second.sql}`, columns };
    const word = random.pick(['JOIN', 'INNER JOIN', 'LEFT JOIN', 'LEFT OUTER JOIN']);
    if (first.family && second.family && random.chance(0.4)) {
      const [joined, others] = random.chance(0.5) ? ['id', 1] : ['ID, `a`', 2];
      const rest = [first, second].flatMap(({ columns: own }) => own.slice(others).map(({ kind }) => kind));
      const star: Kind[] = [...Array.from({ length: others }, () => 'int' as const), ...rest];
      return { sql: `${first.sql} ${word} ${second.sql} USING (${joined})`, columns, star };
    }
    return { sql: `${first.sql} ${word} ${second.sql} ON ${this.#condition(columns, 1)}`, columns };
  }

  #relation(depth: number): Source & { readonly family?: true } {
    const random = this.#random;
    const alias = `x${(this.#alias += 1)}`;
    if (depth > 1 && random.chance(0.25)) {
      const inner = this.#select(depth - 1, []);
      const names = inner.kinds.map((_, index) => `k${index}`);
      const columns = names.map((name, index) => ({ written: `${alias}.${name}`, kind: inner.kinds[index]! }));
      return { sql: `(WITH ${alias}w (${names.join(', ')}) AS (${inner.sql}) SELECT * FROM ${alias}w) AS ${alias}`, columns };
    }
    const family = random.pick(this.#families);
    const columns: Column[] = [{ name: 'id', type: 'int' as const }, ...family.columns].map(({ name, type }) => ({
      written: `${alias}.${random.pick([name, `\`${name}\``, name.toUpperCase()])}`,
      kind: name === 'n' ? 'big' : OF_TYPE[type],
    }));
    return { sql: `${random.pick([family.name, `\`${family.name}\``])} ${random.pick(['', 'AS '])}${alias}`, columns, family: true };
  }

  #column(kind: Kind, columns: readonly Column[]): string | undefined {
    const fitting = columns.filter((column) => column.kind === kind);
    return fitting.length > 0 ? this.#random.pick(fitting).written : undefined;
  }

  #expression(kind: Kind, columns: readonly Column[], depth: number): string {
    const random = this.#random;
    const simple = (): string => (random.chance(0.85) ? this.#column(kind, columns) : undefined) ?? this.#value(kind);
    if (depth <= 0 || random.chance(0.25)) return simple();
    const inner = (of: Kind): string => this.#expression(of, columns, depth - 1);
    const both = (): string => random.pick([
      `COALESCE(${inner(kind)}, ${inner(kind)})`,
      `IFNULL(${inner(kind)}, ${inner(kind)})`,
      `NULLIF(${inner(kind)}, ${inner(kind)})`,
      `IF(${this.#condition(columns, depth - 1)}, ${inner(kind)}, ${inner(kind)})`,
      `CASE WHEN ${this.#condition(columns, depth - 1)} THEN ${inner(kind)} ELSE ${inner(kind)} END`,
      `CASE WHEN ${this.#condition(columns, depth - 1)} THEN ${inner(kind)} WHEN ${this.#condition(columns, depth - 1)} THEN NULL END`,
      `CASE ${inner('int')} WHEN ${this.#int()} THEN ${inner(kind)} WHEN ${this.#int()} THEN ${inner(kind)} ELSE ${inner(kind)} END`,
      `(SELECT MAX(${this.#scalarColumn(kind)}) FROM ${this.#scalarFrom(kind)} WHERE ${this.#correlated(columns)})`,
    ]);
    switch (kind) {
      case 'int':
        return random.pick([
          () => `${inner('int')} ${random.pick(['+', '-', '*', '%'])} ${this.#operand('int', columns)}`,
          () => `-${this.#operand('int', columns)}`,
          () => `CHAR_LENGTH(${inner('text')})`,
          () => `(${inner('int')})`,
          both,
        ])();
      case 'big':
        return random.pick([() => `(${inner('big')})`, both])();
      case 'exact': {
        const [left, right] = random.pick([['int', 'exact'], ['exact', 'int'], ['exact', 'exact']] as const);
        return random.pick([
          () => `${this.#operand(left, columns)} ${random.pick(['+', '-', '*'])} ${this.#operand(right, columns)}`,
          () => `${this.#operand('int', columns)} % 2.5`,
          () => `${random.pick(['10.00', '2.75', '.5'])} % ${this.#operand(random.pick(['int', 'exact']), columns)}`,
          () => this.#literal('exact'),
          both,
        ])();
      }
      case 'decimal': {
        const part = (): string => this.#operand(random.pick(['int', 'int', 'exact']), columns);
        return random.pick([() => `${part()} / ${part()}`, () => `${this.#operand('int', columns)} / 0.5`, () => this.#literal('exact')])();
      }
      case 'float': {
        const [left, right] = random.pick([['float', 'float'], ['float', 'int'], ['int', 'float'], ['float', 'exact'], ['exact', 'float']] as const);
        const plain = (of: Kind): string => this.#column(of, columns) ?? this.#literal(of);
        const sum = (): string => `${this.#operand(left, columns)} ${random.pick(['+', '-', '*'])} ${this.#operand(right, columns)}`;
        return random.pick([
          sum,
          sum,
          () => `${this.#operand('float', columns)} / ${random.pick(['0.5e0', '2', '4e0', '0', '-0.25'])}`,
          () => `${plain(left)} / ${plain(right)}`,
          () => `${plain(left)} % ${plain(right)}`,
          both,
        ])();
      }
      case 'text':
        return random.pick([() => `LOWER(${inner('text')})`, () => `UPPER(${inner('text')})`, both, both])();
      case 'bool':
        return random.pick([() => this.#condition(columns, depth - 1), both])();
      default:
        return both();
    }
  }

  /** An expression that may stand on either side of an operator. */
  #operand(kind: Kind, columns: readonly Column[]): string {
    return this.#random.chance(0.2) ? `(${this.#expression(kind, columns, 1)})` : (this.#column(kind, columns) ?? this.#value(kind));
  }

  #condition(columns: readonly Column[], depth: number): string {
    const random = this.#random;
    const kind = random.pick(['int', 'big', 'text', 'text', 'float', 'exact', 'bool', 'time', 'json'] as const);
    const side = (): string => this.#operand(kind, columns);
    const literal = (): string => (random.chance(0.6) ? this.#literal(kind) : side());
    const not = (): string => random.pick(['', '', 'NOT ']);
    const compared = (): string => `${side()} ${random.pick(['=', '<>', '!=', '<', '<=', '>', '>=', '<=>'])} ${literal()}`;
    const leaf = (): string => random.pick([
      compared,
      compared,
      () => `${side()} ${random.pick(['=', '<>', '!=', '<', '<=', '>', '>=', '<=>'])} ${literal()}`,
      () => `${side()} IS ${not()}NULL`,
      () => `${side()} ${not()}IN (${literal()}, ${literal()}, ${random.pick(['NULL', literal()])})`,
      () => `${side()} ${not()}BETWEEN ${literal()} AND ${literal()}`,
      () => `${this.#operand('text', columns)} ${not()}LIKE ${random.pick(["'a%'", "'%c'", "'_b_'", "'%\\\\'", "'%|%' ESCAPE '|'", "'ABC'", "'abc '", '"%😀"', "'%\\%%'", "''"])}`,
      () => `${this.#operand('text', columns)} LIKE ${this.#operand('text', columns)}`,
      () => this.#operand('bool', columns),
      () => `${this.#operand('bool', columns)} IS ${not()}${random.pick(['TRUE', 'FALSE', 'UNKNOWN'])}`,
      () => `${not()}EXISTS (SELECT 1 FROM u e WHERE ${this.#correlatedWith('e.a', columns)})`,
      () => `${this.#operand('int', columns)} ${not()}IN (SELECT i.a FROM u i WHERE ${this.#correlatedWith('i.id', columns)})`,
      () => random.pick(['TRUE', 'FALSE', '1', '0', 'NULL', '1 = 1']),
    ])();
    if (depth <= 0 || random.chance(0.4)) return leaf();
    const inner = (): string => this.#condition(columns, depth - 1);
    return random.pick([
      () => `${inner()} AND ${inner()}`,
      () => `(${inner()}) OR (${inner()})`,
      () => `NOT (${inner()})`,
      () => `not ${leaf()}`,
      () => `(${inner()})`,
      () => `${leaf()} OR ${leaf()} AND ${leaf()}`,
    ])();
  }

  #correlated(columns: readonly Column[]): string {
    return this.#correlatedWith('z.a', columns);
  }

  #correlatedWith(column: string, columns: readonly Column[]): string {
    const own = this.#column('int', columns) ?? '3';
    return this.#random.pick([`${column} = ${own}`, `${column} > ${this.#int()}`, `${column} <=> ${own}`]);
  }

  #scalarFrom(kind: Kind): string {
    return kind === 'float' || kind === 'json' ? 't z' : this.#random.pick(['t z', 't AS z']);
  }

  #scalarColumn(kind: Kind): string {
    return { text: 'z.s', int: 'z.b', big: 'z.b', exact: 'z.b * 0.5', decimal: 'z.b', float: 'z.f', bool: 'z.flag', time: 'z.ts', json: 'z.j' }[kind];
  }

  /** A value without a column. Texts become times and json beside such only, so these are asked for. */
  #value(kind: Kind): string {
    if (kind === 'time' && this.#random.chance(0.3)) return 'NOW()';
    return kind === 'time' || kind === 'json' ? `(SELECT ${this.#scalarColumn(kind)} FROM t z WHERE z.id = 1)` : this.#literal(kind);
  }

  #int(): string {
    return this.#random.pick(['0', '1', '2', '3', '7', '10', '-5', '100']);
  }

  #literal(kind: Kind): string {
    const random = this.#random;
    switch (kind) {
      case 'int':
        return this.#int();
      case 'big':
        return random.pick(['9007199254740993', '-9007199254740993', '9007199254740992', '9223372036854775807', '3']);
      case 'exact':
      case 'decimal':
        return random.pick(['1.5', '0.25', '-2.75', '.5', '10.00']);
      case 'float':
        return random.pick(['1e0', '0.5e0', '2.5E1', '-1.25e0']);
      case 'text':
        return random.pick(["'abc'", '"ABC"', "'abc '", "'it''s 100%'", "''", "'a_c\\\\'", '"é😀"', "'x\\n'"]);
      case 'bool':
        return random.pick(['TRUE', 'FALSE']);
      case 'time':
        return random.pick(["'2026-01-01'", "'2026-01-01 00:00:00.000001'", "'1999-02-03 04:05:06'", "'2030-01-01 00:00'", 'NOW()']);
      case 'json':
        return random.pick(["'{\"a\":1}'", "'[]'"]);
    }
  }
}
