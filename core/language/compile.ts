import { isJsonObject, type Json } from '../kernel/json.ts';
import type { Registry } from '../kernel/registry.ts';
import { compilePlan } from './compile/plan.ts';
import type { DefinitionTest } from './definition-test.ts';
import { LINT_RULES } from './lint/all.ts';
import { modelSqlFindings } from './lint/model-sql.ts';
import { readPlace } from './lint/read-place.ts';
import { checkTests } from './lint/tests.ts';
import type { Document } from './load/document.ts';
import { loadYaml } from './load/load.ts';
import { outlineOf, type Outline } from './outline.ts';
import { placesIn } from './places.ts';
import type { Plan } from './plan.ts';
import { Report } from './report.ts';
import { checkField, checkMap, mapOf } from './schema/field.ts';
import { asText, kindOf } from './schema/show.ts';
import { grammarOf } from './sections/grammar.ts';
import { HEADER, KINDS } from './sections/header.ts';
import { checkKeys } from './sections/kinds.ts';
import { readTests, testsField } from './sections/tests.ts';
import type { DefinitionSource, Finding } from './source.ts';

/** What became of a definition's text. */
export interface Compilation {
  /** There where no finding is an error. */
  readonly plan?: Plan;
  readonly tests: readonly DefinitionTest[];
  /** In the order of the file, then those of its SQL, and of the tests beside it. */
  readonly findings: readonly Finding[];
}

/** Loads, checks and compiles a definition. Never throws for what its author wrote: that comes back as findings. */
export function compileDefinition(source: DefinitionSource, registry: Registry): Compilation {
  const loaded = loadYaml(source.file, source.text);
  const { document } = loaded;
  if (!document || !loaded.usable) return { tests: [], findings: loaded.findings };
  const report = new Report(document, loaded.findings);
  const outline = isJsonObject(document.value) ? outlineOf(document.value) : undefined;
  if (!outline) {
    report.error(
      '',
      `The file holds ${kindOf(document.value)}, and a definition is a map. It begins with "apiVersion: sluice/v1".`,
    );
    return { tests: [], findings: report.findings };
  }
  const runs = checkDefinition(source, document, outline, registry, report);
  const beside = runs ? testsBeside(source, outline) : { tests: [], findings: [] };
  const sql = runs ? modelSqlFindings(source, outline.root) : [];
  const findings = [...report.findings, ...sql, ...beside.findings];
  if (!runs || findings.some(({ severity }) => severity === 'error')) return { tests: [], findings };
  const tests = [...readTests(outline.root['tests']), ...beside.tests];
  return { plan: compilePlan(source, outline, registry), tests, findings };
}

/** @returns false for what is no definition of a known kind: nothing more can be said of it */
function checkDefinition(
  source: DefinitionSource,
  document: Document,
  outline: Outline,
  registry: Registry,
  report: Report,
): boolean {
  const { root } = outline;
  if (!KINDS.includes(asText(root['kind']))) {
    const known = Object.entries(root).filter(([key]) => key in HEADER);
    checkMap('a definition', HEADER, Object.fromEntries(known), '', report);
    return false;
  }
  checkKeys(root, grammarOf(registry), report);
  const places = placesIn(outline).map(readPlace);
  for (const rule of LINT_RULES) rule.check({ source, document, outline, places, registry }, report);
  return true;
}

const TEST_FILE = mapOf('a file of tests', { tests: { ...testsField, required: true } });

/** The tests of `<id>.test.yaml`: under `tests`, or as the file's own list. */
function testsBeside(source: DefinitionSource, outline: Outline): Pick<Compilation, 'tests' | 'findings'> {
  if (!source.tests) return { tests: [], findings: [] };
  const { document, findings, usable } = loadYaml(source.tests.file, source.tests.text);
  if (!document || !usable) return { tests: [], findings };
  const report = new Report(document, findings);
  const isList = Array.isArray(document.value);
  checkField(isList ? testsField : TEST_FILE, document.value, '', report);
  const list: Json | undefined = isJsonObject(document.value) ? document.value['tests'] : document.value;
  checkTests(list, isList ? '' : '/tests', outline, report);
  return { tests: report.failed ? [] : readTests(list), findings: report.findings };
}
