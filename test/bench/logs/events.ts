/** Types of the eight fields that each event has. */
export const SCHEMA = {
  time: 'timestamp',
  level: 'string',
  service: 'string',
  path: 'string',
  status: 'int',
  duration: 'float',
  cached: 'bool',
  message: 'string',
} as const;

export const COLUMNS = Object.keys(SCHEMA) as (keyof typeof SCHEMA)[];

export type Event = Record<keyof typeof SCHEMA, string | number | boolean>;

const LEVELS = ['debug', 'info', 'info', 'info', 'warn', 'error'];
const SERVICES = ['checkout', 'catalogue', 'accounts', 'shipping', 'search'];
const START = Date.UTC(2026, 10, 21);

/** The same events whenever asked: about 230 bytes of JSON each. */
export function eventAt(place: number): Event {
  return {
    time: new Date(START + place).toISOString(),
    level: LEVELS[place % LEVELS.length]!,
    service: SERVICES[place % SERVICES.length]!,
    path: `/v1/carts/${(place * 2_654_435_761) % 1_000_000_007}/items`,
    status: place % 17 === 0 ? 404 : 200,
    duration: (place % 4000) / 16,
    cached: place % 3 === 0,
    message: `Item ${place % 50_000} was added to the cart of customer ${place % 90_001}, total ${place % 500}.90 EUR`,
  };
}

export function eventsFrom(first: number, count: number): Event[] {
  return Array.from({ length: count }, (_, i) => eventAt(first + i));
}

/** An event as a row of its table, in the order of `COLUMNS`. MySQL and PostgreSQL both read these. */
export function rowOf(event: Event): (string | number | boolean)[] {
  return COLUMNS.map((name) => (name === 'time' ? String(event.time).slice(0, -1).replace('T', ' ') : event[name]));
}
