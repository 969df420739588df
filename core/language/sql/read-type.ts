import { type Json } from '../../kernel/json.ts';
import type { SqlReading } from './names.ts';

const PLAIN = ['Text', 'Varchar', 'Int', 'Integer', 'BigInt', 'Boolean', 'Bool', 'Date', 'JSON'];
const INEXACT = ['Float', 'Float4', 'Float8', 'Float32', 'Float64', 'Double', 'DoublePrecision', 'Real'];
const ACCEPTED = 'text, varchar, integer, bigint, decimal(p,s), boolean, date, timestamp, json';

/** Whether a type is one of the accepted list. */
export function checkType(reading: SqlReading, type: Json | undefined, node: Json): void {
  const [name, details] = reading.variant(type);
  if (PLAIN.includes(name) && details === null) return;
  if (name === 'Timestamp') {
    const [precision, zone] = reading.list(details);
    if (precision === null && zone === 'None') return;
    reading.refuse('Write timestamp alone: timestamps here are UTC, to microseconds.', node);
  } else if (name === 'Decimal' || name === 'Numeric') {
    if (reading.variant(details)[0] === 'PrecisionAndScale') return;
    reading.refuse('A decimal says its digits, and how many stand behind the point: decimal(12,2).', node);
  } else if (INEXACT.includes(name)) {
    reading.refuse(`${name.toLowerCase()} is inexact: write decimal(p,s), or bigint for minor units.`, node);
  } else {
    reading.refuse(`The type ${name.toLowerCase()} is not accepted in this form; these are: ${ACCEPTED}.`, node);
  }
}
