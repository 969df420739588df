import { Type, type TSchema } from 'typebox';
import { isJsonObject } from '../../kernel/json.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { DURATION, NAME } from '../schema/basics.ts';
import { COLUMNS, sqlNames } from '../schema/column-type.ts';
import { checkMap, field, listOf, mapOf, mapSchema, required, type Field, type Fields } from '../schema/field.ts';
import { kindOf, show } from '../schema/show.ts';
import { isBeside } from '../sql-files.ts';
import { NAMES } from './dataset-tables.ts';

/** Beside the definition, or below it. */
const FILE = field(
  Type.String({ pattern: '\\.sql$', description: 'A file of SQL, named from the folder of the definition.' }),
  (node, pointer, report) => {
    if (typeof node === 'string' && isBeside(node)) return;
    report.error(pointer, `${show(node)} is no file of SQL beside this one; write for example models/orders.sql.`);
  },
);

export const AGGREGATES = ['sum', 'count', 'min', 'max'] as const;
const SCALE = field(
  Type.Integer({ minimum: 0, maximum: 18, description: 'Digits behind the point of an integer of minor units.' }),
);
const CONDITION = {
  ...NAME,
  schema: Type.String({ minLength: 1, description: 'A condition in SQL over the columns of the model.' }),
};

const aggregate: Fields = { ...Object.fromEntries(AGGREGATES.map((name) => [name, NAME])), where: CONDITION };

/** A map with exactly one of the aggregates. */
function aggregating(noun: string, more: Fields): Field {
  return mapOf(noun, { ...aggregate, ...more }, (node, pointer, report) => {
    const named = AGGREGATES.filter((name) => isJsonObject(node) && name in node);
    if (named.length === 1) return;
    report.error(
      pointer,
      `${noun.replace(/^./, (c) => c.toUpperCase())} has one of ${AGGREGATES.join(', ')}, each over a column; this one has ${named.length === 0 ? 'none' : named.join(' and ')}.`,
      { onKey: true },
    );
  });
}

const VALUES = field(
  Type.Array(Type.Union([Type.String(), Type.Number(), Type.Boolean()]), { minItems: 1, uniqueItems: true }),
);

/** What each test takes. */
const TESTS: Readonly<Record<string, Field>> = {
  unique: NAMES,
  notNull: NAMES,
  relationships: mapOf('relationships', { column: required(NAME), to: required(NAME), field: required(NAME) }),
  acceptedValues: mapOf('acceptedValues', { column: required(NAME), values: required(VALUES) }),
  reconcile: aggregating('reconcile', { equals: required(FILE) }),
  freshness: mapOf('freshness', { column: required(NAME), within: required(DURATION) }),
};

const test: Field = {
  schema: Type.Union(Object.entries(TESTS).map(([name, inner]): TSchema => mapSchema({ [name]: required(inner) }))),
  check(node, pointer, report) {
    const names = Object.keys(TESTS);
    const [name, second] = isJsonObject(node) ? Object.keys(node) : [];
    if (!isJsonObject(node) || name === undefined || second !== undefined)
      report.error(
        pointer,
        `${show(node)} is ${second === undefined ? kindOf(node) : 'a map of several keys'}; a test is a map of one of: ${names.join(', ')}.`,
      );
    else if (!(name in TESTS))
      report.error(
        `${pointer}/${name}`,
        `"${name}" is no test of a model; there are: ${names.join(', ')}.${didYouMean(name, names)}`,
        { onKey: true },
      );
    else checkMap('a test', TESTS, node, pointer, report);
  },
};

/** Tables that SQL makes of others (LANGUAGE 7). */
export const modelsField: Field = sqlNames(
  'models',
  mapOf('a model', {
    sql: required(FILE),
    dirty: FILE,
    dependsOn: required({ ...listOf('dependsOn', NAME, { least: 1 }), schema: NAMES.schema }),
    columns: COLUMNS,
    partition: NAME,
    load: required(field(Type.Enum(['replacePartition', 'full']))),
    sortBy: NAMES,
    dimensions: NAMES,
    metrics: sqlNames('metrics', aggregating('a metric', { scale: SCALE })),
    tests: listOf('tests', test),
  }),
);
