import { CronExpressionParser } from 'cron-parser';
import { Type } from 'typebox';
import { parseDuration } from '../../kernel/duration.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { DatasetSchedule } from '../../kernel/datasets.ts';
import { isJsonObject, type Json } from '../../kernel/json.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { checkSchema, field, mapOf, required } from '../schema/field.ts';
import { asText, show } from '../schema/show.ts';
import { isZone } from '../template/dates/zone.ts';

const CRON = Type.String({ description: 'Minute, hour, day of the month, month and day of the week: "0 2 * * *".' });
const ZONE = Type.String({ description: 'A name of the IANA time zone database: Europe/Berlin.' });
const LAG = Type.String({ format: 'sluice-duration', description: 'Whole days: P1D.' });
const DAY = 86_400_000;

/** Read by the parser that the clock uses (Agenda's), so that what passes here fires there. */
const cron = field(CRON, (node, pointer, report) => {
  if (typeof node !== 'string') return checkSchema(CRON, node, pointer, report);
  const fields = node.trim().split(/\s+/);
  if (fields.length !== 5) {
    const message = `${show(node)} has ${fields.length === 1 ? '1 field' : `${fields.length} fields`}, and a schedule has five: minute, hour, day of the month, month, day of the week. For example "0 2 * * *".`;
    report.error(pointer, message);
    return;
  }
  // The parser's own "H" is a random time, another one at each start.
  const random = fields.find((text) => text.includes('H'));
  if (random !== undefined)
    return report.error(
      pointer,
      `${show(node)} is no schedule: "${random}" names no time. Write a number, "*", a range or a list.`,
    );
  try {
    CronExpressionParser.parse(node).next();
  } catch (error) {
    report.error(pointer, `${show(node)} is no schedule: ${messageOf(error).replace(/\.$/, '')}.`);
  }
});

/** A place's own time, summer and winter; an offset is not one. */
export const timezoneField = field(ZONE, (node, pointer, report) => {
  if (typeof node !== 'string') return checkSchema(ZONE, node, pointer, report);
  if (/^[A-Za-z]/.test(node) && node !== 'Z' && isZone(node)) return;
  const names = ['UTC', ...Intl.supportedValuesOf('timeZone')];
  report.error(
    pointer,
    `${show(node)} is not a time zone; write a name of the IANA database, for example UTC or Europe/Berlin.${didYouMean(node, names)}`,
  );
});

const lag = field(LAG, (node, pointer, report) => {
  checkSchema(LAG, node, pointer, report);
  const ms = typeof node === 'string' ? parseDuration(node) : undefined;
  if (ms !== undefined && ms % DAY !== 0)
    report.error(
      pointer,
      `${show(node)} is not of whole days: a night is about a day as a whole. Write for example P1D.`,
    );
});

export const scheduleField = mapOf('schedule', { cron: required(cron), lag, catchUp: field(Type.Boolean()) });

export function compileSchedule(node: Json | undefined): DatasetSchedule | undefined {
  if (!isJsonObject(node)) return undefined;
  return {
    cron: asText(node['cron']).trim(),
    lagDays: (parseDuration(asText(node['lag'] ?? 'P1D')) ?? DAY) / DAY,
    catchUp: node['catchUp'] !== false,
  };
}
