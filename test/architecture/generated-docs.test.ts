import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { SETTINGS } from '../../core/cli/settings.ts';
import { ROOT_KEY_IN_SHELL, tourLines } from '../../core/cli/tour.ts';
import type { AuthScheme, Plugin, StepType } from '../../core/kernel/plugin.ts';
import { FUNCTION_GROUPS, SPECIAL_FORMS } from '../../core/language/sql/functions.ts';
import { signature } from '../../core/language/template/helper.ts';
import { HELPERS } from '../../core/language/template/helpers/index.ts';
import { ROOT } from './sources.ts';

/** SLUICE_TEST_UPDATE=1 writes the generated parts anew instead of comparing them. */
const UPDATE = process.env['SLUICE_TEST_UPDATE'] === '1';

describe('generated parts of the documents', () => {
  it('give the three curl lines that `npm start` prints', () => {
    compare('README.md', 'tour', ['```sh', ...tourLines('http://127.0.0.1:8080', ROOT_KEY_IN_SHELL), '```']);
  });

  it('list every setting', () => {
    const rows = Object.values(SETTINGS).map(({ variable, summary, form, standard }) => [
      `\`${variable}\``,
      standard ? `\`${standard}\`` : '',
      summary,
      form.accepted,
    ]);
    compare(
      'docs/operations.md',
      'settings',
      tableOf(['variable', 'default', 'what it is', 'accepted'], rows),
    );
  });

  it('list every helper with its example', () => {
    const rows = [...HELPERS.values()].map((helper) => [
      `\`${signature(helper)}\``,
      helper.summary,
      `\`${helper.example.template}\``,
      `\`${JSON.stringify(helper.example.result)}\``,
    ]);
    compare('docs/language.md', 'helpers', tableOf(['helper', 'gives', 'example', 'result'], rows));
  });

  it('show every authentication scheme with its example', async () => {
    const schemes = (await plugins()).filter(isScheme);
    const parts = schemes.flatMap(({ name, summary, example }) => [
      `**\`${name}\`** ${summary}`,
      '',
      '```yaml',
      ...example.trimEnd().split('\n'),
      '```',
      '',
    ]);
    compare('docs/language.md', 'schemes', parts.slice(0, -1));
  });

  it('show every step type with its example', async () => {
    const types = (await plugins()).filter(isStepType);
    const parts = types.flatMap(({ name, summary, example }) => [
      `**\`${name}\`** ${summary}`,
      '',
      '```yaml',
      ...example.trimEnd().split('\n').map((line, i) => (i === 0 ? `- ${line}` : `  ${line}`)),
      '```',
      '',
    ]);
    compare('docs/language.md', 'step-types', parts.slice(0, -1));
  });

  it('list the functions of models’ SQL', () => {
    const groups = { ...FUNCTION_GROUPS, 'a form of their own': SPECIAL_FORMS };
    const lines = Object.entries(groups).map(([of, names]) => `- of ${of}: ${names.map((name) => `\`${name}\``).join(' ')}`);
    compare('docs/language.md', 'sql-functions', lines);
  });
});

function compare(file: string, region: string, lines: readonly string[]): void {
  const place = path.join(ROOT, file);
  const text = readFileSync(place, 'utf8');
  const [, before, , after] =
    new RegExp(`^([^]*<!-- ${region}: [^\\n]*-->\\n)([^]*?)(<!-- /${region} -->[^]*)$`).exec(text) ?? [];
  const expected = `${before}${lines.join('\n')}\n${after}`;
  if (UPDATE) writeFileSync(place, expected);
  else expect(text, `${file} is out of date: SLUICE_TEST_UPDATE=1 writes it anew`).to.equal(expected);
}

function tableOf(header: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), `|${'---|'.repeat(header.length)}`, ...rows.map(line)];
}

async function plugins(): Promise<readonly Plugin[]> {
  const names = readdirSync(path.join(ROOT, 'plugins'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const modules = await Promise.all(
    names.map(
      ({ name }) => import(path.join(ROOT, 'plugins', name, 'index.ts')) as Promise<{ default: Plugin }>,
    ),
  );
  return modules.map((module) => module.default);
}

function isStepType(plugin: Plugin): plugin is StepType<never> {
  return plugin.type === 'stepType';
}

function isScheme(plugin: Plugin): plugin is AuthScheme<never> {
  return plugin.type === 'authScheme';
}
