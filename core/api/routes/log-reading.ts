import { Type } from 'typebox';
import type { Logs } from '../../domains/logs/logs.ts';
import { EXPORT_FORMATS, readFormat } from '../../domains/logs/reading/export.ts';
import { route, type Route } from '../route.ts';
import { closed, listOf, paging, Time } from '../schema.ts';
import { sendTexts } from '../send-texts.ts';
import { hangUp, whileConnected } from '../while-connected.ts';
import { ownFamily } from './logs.ts';

const tag = 'Logs';
const access = 'tenant';
const scope = 'logs:read';

/** Of every way to look for events. */
const looking = {
  q: Type.Optional(
    Type.String({
      description: 'Terms that all hold: word, "two words", field:value, field:>10, field:*, -term, OR, ( ).',
    }),
  ),
  from: Type.Optional(Type.String({ description: 'RFC 3339. Events from then on.' })),
  to: Type.Optional(Type.String({ description: 'RFC 3339. Events before then.' })),
};

const Item = Type.Object({
  id: Type.Integer(),
  time: Type.String({ description: 'Receipt: RFC 3339, UTC, with microseconds.' }),
  fields: Type.Object({}, { additionalProperties: true, description: 'Those the event has.' }),
});

const Value = Type.Union([Type.Number(), Type.String(), Type.Null()]);

const Chart = Type.Object({
  agg: Type.String(),
  interval: Type.Union([Type.String(), Type.Null()]),
  timeField: Type.String(),
  groupBy: Type.Union([Type.String(), Type.Null()]),
  times: Type.Union([Type.Array(Time), Type.Null()], {
    description: 'Beginnings of all intervals, empty ones too.',
  }),
  series: Type.Array(
    Type.Object({
      key: Type.Optional(Type.Union([Value, Type.Boolean()])),
      other: Type.Optional(Type.Literal(true, { description: 'All groups beyond the top ones.' })),
      value: Value,
      values: Type.Optional(Type.Array(Value, { description: 'At each of `times`.' })),
    }),
  ),
});

export function logReadingRoutes(logs: Logs): Route[] {
  const { reading, readAudit } = logs;
  return [
    route({
      method: 'GET',
      path: '/v1/log-families/{family}/search',
      tag,
      summary: 'Look for events, newest first.',
      access,
      scope,
      query: closed({ ...looking, ...paging }),
      answers: {
        200: {
          description: 'Events. A page may have fewer than `limit` with more to come.',
          schema: listOf(Item),
        },
      },
      owner: ownFamily,
      async handle({ request, caller, owned, query }) {
        await readAudit.note(caller, 'search', owned.name, query);
        const text = await whileConnected(request, (signal) => reading.search(owned, query, signal));
        return { status: 200, text, type: 'application/json; charset=utf-8' };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/log-families/{family}/analytics',
      tag,
      summary: 'Count events, or sum up a field, by interval and by group.',
      access,
      scope,
      query: closed({
        ...looking,
        interval: Type.Optional(
          Type.String({ description: 'ISO 8601 of whole seconds: PT1M, PT1H, P1D, P1W.' }),
        ),
        groupBy: Type.Optional(
          Type.String({ description: 'A field: one series for each of its top values.' }),
        ),
        agg: Type.Optional(
          Type.String({
            default: 'count',
            description: 'count, or sum, avg, min or max of a field: avg:latency.',
          }),
        ),
        timeField: Type.Optional(
          Type.String({
            default: '_time',
            description: 'The timestamp that interval, from and to are about.',
          }),
        ),
        top: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: 20,
            default: 10,
            description: 'Groups shown; all others are one.',
          }),
        ),
      }),
      answers: { 200: { description: 'What a chart is drawn from.', schema: Chart } },
      owner: ownFamily,
      async handle({ request, caller, owned, query }) {
        await readAudit.note(caller, 'analytics', owned.name, query);
        return {
          status: 200,
          body: await whileConnected(request, (signal) => reading.analytics(owned, query, signal)),
        };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/log-families/{family}/export',
      tag,
      summary:
        'All events there are at this moment, as a stream. One that breaks off is not whole: the connection is cut.',
      access,
      scope,
      query: closed({
        ...looking,
        format: Type.Optional(
          Type.String({
            default: 'ndjson',
            description: `One of ${Object.keys(EXPORT_FORMATS).join(', ')}.`,
          }),
        ),
      }),
      answers: {
        200: { description: 'A line an event.', schema: Type.String(), type: 'application/x-ndjson' },
      },
      owner: ownFamily,
      async handle({ request, caller, owned, query }) {
        const format = readFormat(query.format);
        const headers = {
          'Content-Disposition': `attachment; filename="${owned.name}.${format}"`,
          'Cache-Control': 'no-store',
        };
        const reply = { status: 200, type: EXPORT_FORMATS[format], headers };
        if (request.method === 'HEAD') return { ...reply, text: '' };
        await readAudit.note(caller, 'export', owned.name, query);
        const { signal, forget } = hangUp(request);
        try {
          const texts = await reading.export(owned, query, signal);
          return { ...reply, stream: (response) => sendTexts(response, texts).finally(forget) };
        } catch (error) {
          forget();
          throw error;
        }
      },
    }),
  ];
}
