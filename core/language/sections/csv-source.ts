import { Type } from 'typebox';
import type { CsvSource } from '../../kernel/datasets.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { columnsOf, COLUMNS } from '../schema/column-type.ts';
import { checkSchema, field, mapOf, required, type Check, type Field } from '../schema/field.ts';
import { asText, show } from '../schema/show.ts';

const DATE = /\{\{\s*date\s*\}\}/;
const PERCENT = /^(\d{1,3}(?:\.\d{1,6})?)\s?%$/;
const PREFIX = Type.String({
  description: 'Where the files land, below the landing folder; {{ date }} is a day, YYYY-MM-DD.',
});

const prefix = field(PREFIX, (node, pointer, report) => {
  if (typeof node !== 'string') return checkSchema(PREFIX, node, pointer, report);
  const [first = ''] = prefixParts(node);
  const rest = node.replaceAll(new RegExp(DATE, 'g'), '2026-01-31');
  const other = /\{\{.*?(?:\}\}|$)/s.exec(rest)?.[0];
  if (other !== undefined) {
    report.error(pointer, `${other} is not known here: a prefix has {{ date }} only.`, { offset: node.indexOf(other) });
  } else if (!rest.endsWith('/')) {
    report.error(
      pointer,
      `${show(node)} must end with "/": a prefix is a folder, and without it "orders" takes "orders_old", too.`,
    );
  } else if (
    rest
      .split('/')
      .slice(0, -1)
      .some((part) => part === '' || part === '.' || part === '..')
  ) {
    report.error(
      pointer,
      `${show(node)} is no folder below the landing folder: it has no "/" in front, and no part is empty, "." or "..".`,
    );
  } else if (first === '') {
    report.error(
      pointer,
      `${show(node)} begins with a date, and the files of other sources would lie in it, too. Write a name first, for example "orders/dt={{ date }}/".`,
    );
  }
});

const maxBad = field(
  Type.Unsafe({
    type: ['integer', 'string'],
    minimum: 0,
    pattern: PERCENT.source,
    description: 'Rows, or a share of them: "0.1%".',
  }),
  (node, pointer, report) => {
    if (!bound(asText(node)))
      report.error(pointer, `${show(node)} is no bound of bad rows; write a number of them, or a share: "0.1%".`);
  },
);

const checkBad: Check = (node, pointer, report) => {
  const { badRows, maxBad: most } = node as JsonObject;
  if (badRows === 'fail' && most !== undefined)
    report.error(
      `${pointer}/maxBad`,
      'With "badRows: fail" the first bad row refuses the file: leave maxBad out, or write "badRows: quarantine".',
      { onKey: true },
    );
};

/** Files of a folder, with declared columns: nothing is guessed. */
export const csvField: Field = mapOf(
  'csv',
  { prefix: required(prefix), columns: required(COLUMNS), badRows: field(Type.Enum(['quarantine', 'fail'])), maxBad },
  checkBad,
);

/** The text around each date. */
export function prefixParts(text: string): string[] {
  return text.split(DATE);
}

function bound(text: string): CsvSource['maxBad'] {
  const percent = PERCENT.exec(text)?.[1];
  if (percent !== undefined) return Number(percent) <= 100 ? { percent: Number(percent) } : undefined;
  return /^\d{1,15}$/.test(text) ? { rows: Number(text) } : undefined;
}

export function compileCsv(name: string, node: JsonObject): CsvSource {
  const most = 'maxBad' in node ? bound(asText(node['maxBad'])) : undefined;
  return {
    kind: 'csv',
    name,
    prefix: { parts: prefixParts(asText(node['prefix'])) },
    columns: columnsOf(node['columns']),
    badRows: node['badRows'] === 'fail' ? 'fail' : 'quarantine',
    ...(most ? { maxBad: most } : {}),
  };
}
