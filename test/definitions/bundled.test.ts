import { readFileSync, readdirSync } from 'node:fs';
import { expect } from 'chai';
import { compileDefinition } from '../../core/language/compile.ts';
import { formatFinding } from '../../core/language/source.ts';
import { runDefinitionTests } from '../../core/runtime/testing/run-tests.ts';
import { registry } from './running.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, ROOT), 'utf8');
const ids = readdirSync(new URL('definitions/integrations/', ROOT))
  .filter((name) => /(?<!\.test)\.yaml$/.test(name))
  .map((name) => name.replace('.yaml', ''));

for (const id of ids) {
  it(`the bundled ${id} lints clean, passes its tests and has a test for every rule`, async () => {
    const [file, testFile] = [
      `definitions/integrations/${id}.yaml`,
      `definitions/integrations/${id}.test.yaml`,
    ];
    const source = { file, text: read(file), tests: { file: testFile, text: read(testFile) } };
    const { plan, tests, findings } = compileDefinition(source, registry);
    expect(findings.map((finding) => formatFinding(finding))).to.deep.equal([]);
    const failures: string[] = [];
    const hit = new Set<string>();
    if (plan) {
      for await (const result of runDefinitionTests(plan, tests, registry)) {
        failures.push(...result.failures.map((failure) => `${result.name}: ${failure}`));
        for (const rule of result.rulesHit) hit.add(rule);
      }
    }
    expect(failures).to.deep.equal([]);
    expect(plan?.rules.filter((rule) => !hit.has(rule))).to.deep.equal([]);
  });
}
