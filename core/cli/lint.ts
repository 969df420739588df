import { Command, Option } from 'commander';
import { compileDefinition } from '../language/compile.ts';
import { formatFinding, type Finding } from '../language/source.ts';
import type { CommandDeps } from './command-deps.ts';
import { readDefinitions } from './definition-files.ts';
import { plural } from './plural.ts';

/** `sluice lint`: 0 clean, 1 findings, 2 where a path could not be used. */
export const command = (deps: CommandDeps): Command =>
  new Command('lint')
    .description(
      'Check definitions without running them. Exit code 0: clean, 1: findings, 2: unusable paths.',
    )
    .argument('[paths...]', 'files or folders (the folders of the settings where none is given)')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExample:\n  sluice lint definitions/integrations/webhook.yaml')
    .action(async (paths: string[], options: { format: 'text' | 'json' }) => {
      const places = paths.length > 0 ? paths : deps.composition.definitionFolders(deps.settings());
      const { sources, findings } = readDefinitions(places);
      const registry = await deps.composition.loadRegistry();
      const all = [...findings, ...sources.flatMap((source) => compileDefinition(source, registry).findings)];
      if (options.format === 'json') {
        deps.terminal.out(
          JSON.stringify({ files: sources.map((source) => source.file), findings: all }, undefined, 2),
        );
      } else {
        for (const finding of all) deps.terminal.out(printed(finding));
        deps.terminal.out(summary(all, sources.length));
      }
      deps.exit(all.length === 0 ? 0 : 1);
    });

function printed(finding: Finding): string {
  return finding.severity === 'warning' ? `${formatFinding(finding)} (warning)` : formatFinding(finding);
}

function summary(findings: readonly Finding[], files: number): string {
  const errors = findings.filter((finding) => finding.severity === 'error').length;
  const counted = `${plural(errors, 'error')}, ${plural(findings.length - errors, 'warning')}`;
  return findings.length === 0
    ? `${plural(files, 'file')}, no findings.`
    : `${plural(files, 'file')}, ${counted}.`;
}
