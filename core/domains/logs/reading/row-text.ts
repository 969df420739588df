import type { Json } from '../../../kernel/json.ts';
import type { LogColumn } from '../../../kernel/logs.ts';
import { ID, TIME } from '../filter/filter.ts';
import { decoderOf } from '../sql/decode.ts';

/** Writes a row of id, _time and columns. Values are those that a query by SQL answers with. */
export type RowText = (row: readonly Json[]) => string;

/** `{"id":..,"time":..,"fields":{..}}`, without the fields that the event lacks. */
export function itemText(columns: readonly LogColumn[]): RowText {
  const fields = fieldsText(columns, 2);
  const time = decoderOf(TIME.type);
  return (row) =>
    `{"id":${JSON.stringify(row[0])},"time":${JSON.stringify(time(row[1]!))},"fields":{${fields(row)}}}`;
}

/** `{"id":..,"_time":..,..}` and the end of the line. */
export function ndjsonText(columns: readonly LogColumn[]): RowText {
  const fields = fieldsText([ID, TIME, ...columns], 0);
  return (row) => `{${fields(row)}}\n`;
}

function fieldsText(columns: readonly LogColumn[], first: number): RowText {
  const keys = columns.map(({ name }) => `${JSON.stringify(name)}:`);
  const decoders = columns.map(({ type }) => decoderOf(type));
  return (row) => {
    let text = '';
    for (let i = 0; i < keys.length; i++) {
      const value = row[first + i]!;
      if (value === null) continue;
      if (text !== '') text += ',';
      text += keys[i]! + JSON.stringify(decoders[i]!(value));
    }
    return text;
  };
}

/** RFC 4180. An absent field is empty; an empty text is `""`. */
export function csvText(columns: readonly LogColumn[]): RowText {
  const decoders = [ID, TIME, ...columns].map(({ type }) => decoderOf(type));
  return (row) => {
    let text = '';
    for (let i = 0; i < decoders.length; i++) {
      const value = row[i]!;
      if (i > 0) text += ',';
      if (value !== null) text += csvField(decoders[i]!(value));
    }
    return `${text}\r\n`;
  };
}

export function csvHeader(columns: readonly LogColumn[]): string {
  return `${[ID, TIME, ...columns].map(({ name }) => name).join(',')}\r\n`;
}

function csvField(value: Json): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
