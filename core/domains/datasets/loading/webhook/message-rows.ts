import { StepFault } from '../../../../kernel/errors.ts';
import type { Json } from '../../../../kernel/json.ts';
import type { LoadRows, Quarantined } from '../../../../kernel/stores/operational.ts';
import { ABSENT, type Scope } from '../../../../language/evaluator.ts';
import type { WebhookRequest, WebhookSource } from '../../../../language/plan-dataset.ts';
import type { ColumnWriter } from '../columns/column-writer.ts';
import { MOST_ADDED } from '../columns/field-writer.ts';
import { writeValue } from '../columns/json-value.ts';
import { CopyText } from '../copy-text.ts';
import { shownText } from '../shown.ts';

/** What was taken out of a message for a column. */
type Taken = { readonly value: Json } | { readonly problem: string };

/** A message's one row, in COPY's text or in quarantine. */
export function messageRows(
  source: WebhookSource,
  writers: readonly ColumnWriter[],
  scope: Scope,
  request: WebhookRequest,
): LoadRows {
  const out = new CopyText();
  const bad = writeRow(
    writers,
    writers.map(({ column }) => taken(source, column.name, scope, request)),
    out,
  );
  const quarantined = bad ? [bad] : [];
  return {
    columns: source.columns,
    text: inOne(out),
    quarantined: () => ({ count: quarantined.length, rows: quarantined }),
  };
}

async function* inOne(out: CopyText): AsyncGenerator<Uint8Array> {
  yield* out.take();
}

function writeRow(writers: readonly ColumnWriter[], row: readonly Taken[], out: CopyText): Quarantined | undefined {
  const texts = row.map(textOf);
  const size = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  out.beginRow(1, 2 * size + MOST_ADDED * (writers.length + 1));
  for (const [index, writer] of writers.entries()) {
    const given = row[index]!;
    out.beginField();
    const reason = 'problem' in given ? given.problem : writeValue(writer, given.value, out);
    if (reason === undefined) continue;
    out.dropRow();
    return { line: 1, column: writer.column.name, value: shownText(texts[index]!), reason };
  }
  out.endRow();
  return undefined;
}

function textOf(given: Taken): string {
  if ('problem' in given || given.value === null) return '';
  return typeof given.value === 'string' ? given.value : JSON.stringify(given.value);
}

/** A column that no part of the message is for, and one whose part is not there, are null. */
function taken({ event }: WebhookSource, column: string, scope: Scope, request: WebhookRequest): Taken {
  try {
    const value = Object.hasOwn(event, column) ? event[column]!(scope, request) : ABSENT;
    return { value: value === ABSENT ? null : value };
  } catch (error) {
    if (!(error instanceof StepFault)) throw error;
    return { problem: error.message };
  }
}
