import path from 'node:path';
import { Command, Option } from 'commander';
import { compileDefinition } from '../language/compile.ts';
import { formatFinding, type DefinitionSource } from '../language/source.ts';
import type { Registry } from '../kernel/registry.ts';
import { runDefinitionTests } from '../runtime/testing/run-tests.ts';
import type { CommandDeps } from './command-deps.ts';
import { readDefinitions } from './definition-files.ts';
import { plural } from './plural.ts';

interface TestReport {
  readonly name: string;
  readonly passed: boolean;
  readonly failures: readonly string[];
}

/** What became of one definition's tests. `missed` are the rules (JSON Pointers) that no test hits. */
interface DefinitionReport {
  readonly file: string;
  /** Findings that keep the tests from running, as printed. */
  readonly findings: readonly string[];
  readonly tests: readonly TestReport[];
  readonly rules: number;
  readonly missed: readonly string[];
  /** True for the definitions the platform brings: there a missed rule is an error. */
  readonly bundled: boolean;
}

/** `sluice test`: the tests that definitions carry, offline. 0 where all pass, 1 where not, 2 for unusable paths. */
export const command = (deps: CommandDeps): Command =>
  new Command('test')
    .description('Run the tests that definitions carry: the real interpreter, offline, on virtual time.')
    .argument('[paths...]', 'files or folders (the folders of the settings where none is given)')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExample:\n  sluice test definitions/integrations/webhook.yaml')
    .action(async (paths: string[], options: { format: 'text' | 'json' }) => {
      const folders = deps.composition.definitionFolders(deps.settings());
      const { sources, findings } = readDefinitions(paths.length > 0 ? paths : folders);
      const registry = await deps.composition.loadRegistry();
      const print = options.format === 'text';
      for (const finding of findings) deps.terminal.err(formatFinding(finding));
      const reports: DefinitionReport[] = [];
      for (const source of sources) {
        const report = await runTests(deps, source, registry, isBundled(source.file, folders[0]));
        if (print) for (const line of lines(report)) deps.terminal.out(line);
        reports.push(report);
      }
      deps.terminal.out(print ? summary(reports) : JSON.stringify(json(reports), undefined, 2));
      deps.exit(findings.length === 0 && reports.every(isGood) ? 0 : 1);
    });

async function runTests(
  { terminal }: CommandDeps,
  source: DefinitionSource,
  registry: Registry,
  bundled: boolean,
): Promise<DefinitionReport> {
  const { plan, tests, findings } = compileDefinition(source, registry);
  const errors = findings.filter((finding) => finding.severity === 'error').map(formatFinding);
  if (!plan || errors.length > 0) {
    return { file: source.file, findings: errors, tests: [], rules: 0, missed: [], bundled };
  }
  const done: TestReport[] = [];
  const hit = new Set<string>();
  for await (const { name, passed, failures, rulesHit } of runDefinitionTests(plan, tests, registry)) {
    done.push({ name, passed, failures });
    for (const rule of rulesHit) hit.add(rule);
    terminal.progress(`${source.file}: ${done.length} of ${tests.length}`);
  }
  terminal.progress('');
  const missed = plan.rules.filter((rule) => !hit.has(rule));
  return { file: source.file, findings: [], tests: done, rules: plan.rules.length, missed, bundled };
}

function isGood({ findings, tests, missed, bundled }: DefinitionReport): boolean {
  const complete = tests.length > 0 && missed.length === 0;
  return findings.length === 0 && tests.every((test) => test.passed) && (complete || !bundled);
}

function lines(report: DefinitionReport): readonly string[] {
  const { file, findings, tests, rules, missed, bundled } = report;
  const severity = bundled ? 'error' : 'warning';
  return [
    file,
    ...findings.map((finding) => `  ${finding}`),
    ...tests.flatMap(({ name, passed, failures }) => [
      `  ${passed ? '✔' : '✘'} ${name}`,
      ...failures.flatMap((failure) => failure.split('\n').map((line) => `      ${line}`)),
    ]),
    ...(tests.length === 0 && findings.length === 0 ? [`  ${severity}: it has no tests.`] : []),
    ...missed.map((rule) => `  ${severity}: no test hits the rule ${rule}.`),
    ...(rules > 0 ? [`  rules hit: ${rules - missed.length} of ${rules}`] : []),
  ];
}

function totals(reports: readonly DefinitionReport[]) {
  const tests = reports.flatMap((report) => report.tests);
  const passed = tests.filter((test) => test.passed).length;
  const broken = reports.filter((report) => report.findings.length > 0).length;
  const rules = reports.reduce((sum, report) => sum + report.rules, 0);
  const missed = reports.reduce((sum, report) => sum + report.missed.length, 0);
  return { passed, failed: tests.length - passed + broken, rules, hit: rules - missed };
}

function summary(reports: readonly DefinitionReport[]): string {
  const { passed, failed, rules, hit } = totals(reports);
  const where = plural(reports.length, 'definition');
  return `\n${where}: ${passed} passed, ${failed} failed; rule coverage ${hit} of ${rules}`;
}

function json(reports: readonly DefinitionReport[]): object {
  const { passed, failed, rules, hit } = totals(reports);
  return {
    passed,
    failed,
    coverage: { rules, hit },
    definitions: reports.map(({ file, findings, tests, rules: count, missed }) => ({
      file,
      findings,
      tests,
      coverage: { rules: count, hit: count - missed.length, missed },
    })),
  };
}

/** `file` is relative to the working folder where it is in it. */
function isBundled(file: string, folder: string | undefined): boolean {
  return folder !== undefined && path.resolve(file).startsWith(folder + path.sep);
}
