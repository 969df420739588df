import type { Json } from '../../kernel/json.ts';
import { isJsonObject } from '../../kernel/json.ts';
import { definitionTest, type DefinitionTest } from '../definition-test.ts';
import { childPointer } from '../load/document.ts';
import { checkSchema, field, listOf, notYet, type Field } from '../schema/field.ts';

/** What the language can test and this version cannot run. */
const LATER = ['trigger', 'delivery'];

const test = field(definitionTest, (node, pointer, report) => {
  const later = isJsonObject(node) ? LATER.find((key) => key in node) : undefined;
  if (later !== undefined) {
    report.error(childPointer(pointer, later), notYet(`A test with "${later}"`, 'tests name an "action".'), {
      onKey: true,
    });
    return;
  }
  const asserted = isJsonObject(node) && isJsonObject(node['assert']) ? node['assert'] : {};
  if ('response' in asserted) {
    report.error(
      childPointer(pointer, 'assert', 'response'),
      notYet('"response" of a trigger', 'leave it out.'),
      { onKey: true },
    );
    return;
  }
  checkSchema(definitionTest, node, pointer, report, 'a test');
});

/** The tests of a definition, in its own file or in the one beside it. */
export const testsField: Field = listOf('tests', test);

/** `times` may stand in `expect`, too: it is moved to where it is looked for. */
function movedTimes(node: Json): Json {
  if (!isJsonObject(node) || !Array.isArray(node['exchanges'])) return node;
  const exchanges = (node['exchanges'] as readonly Json[]).map((exchange) => {
    if (!isJsonObject(exchange) || !isJsonObject(exchange['expect']) || !('times' in exchange['expect']))
      return exchange;
    const { times, ...expect } = exchange['expect'];
    return { times: times ?? 1, ...exchange, expect };
  });
  return { ...node, exchanges };
}

/** The tests as they run. Call it only for what `testsField` found nothing wrong with. */
export function readTests(node: Json | undefined): DefinitionTest[] {
  return Array.isArray(node)
    ? (node as readonly Json[]).map((item) => movedTimes(item) as DefinitionTest)
    : [];
}
