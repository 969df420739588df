import { expect } from 'chai';
import { readNamedFiles } from '../../core/domains/definitions/named-files.ts';
import { compileDefinition } from '../../core/language/compile.ts';
import { formatFinding } from '../../core/language/source.ts';
import { runDefinitionTests } from '../../core/runtime/testing/run-tests.ts';
import { allPlugins, BUNDLED, pathOf, read } from './bundle.ts';

for (const file of BUNDLED) {
  it(`the bundled ${file} lints clean, passes its tests and has a test for every rule`, async () => {
    const registry = await allPlugins();
    const testFile = file.replace('.yaml', '.test.yaml');
    const files = readNamedFiles(pathOf(file), read(file));
    const source = { file, text: read(file), files, tests: { file: testFile, text: read(testFile) } };
    const { plan, tests, findings } = compileDefinition(source, registry);
    expect(findings.map((finding) => formatFinding(finding))).to.deep.equal([]);
    expect(tests).to.not.deep.equal([]);
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
