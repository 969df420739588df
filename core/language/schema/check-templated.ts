import type { TSchema } from 'typebox';
import type { Json } from '../../kernel/json.ts';
import type { Report } from '../report.ts';
import { errorsOf } from './ajv.ts';
import { faultsOf } from './messages.ts';
import { untemplated } from './templated.ts';

/** Checks what a plugin is given: every text may be a template instead of what its schema asks for. */
export function checkTemplated(schema: TSchema, node: Json, pointer: string, report: Report, noun: string): void {
  const faults = faultsOf(untemplated(errorsOf(schema, node), node), {
    noun,
    plainText: (inner) => report.document.plainText(pointer + inner),
  });
  for (const { pointer: inner, message, onKey } of faults) report.error(pointer + inner, message, { onKey });
}
