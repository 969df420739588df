import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { compileDefinition } from '../../core/language/compile.ts';
import { formatFinding, type Finding } from '../../core/language/source.ts';
import { runDefinitionTests } from '../../core/runtime/testing/run-tests.ts';
import { allPlugins } from '../definitions/bundle.ts';

// What is generated has tests of its own.
const DOC = readFileSync(new URL('../../docs/language.md', import.meta.url), 'utf8').replaceAll(/<!-- ([\w-]+): generated[^]*?<!-- \/\1 -->/g, '');
const BLOCKS = [...DOC.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text]) => text!);
/** The files that definitions name, each by the comment in its first line. */
const FILES = Object.fromEntries([...DOC.matchAll(/^```sql\n-- (\S+\.sql)\n([^]*?)^```$/gm)].map(([, name, sql]) => [name!, sql!]));
const DEFINITIONS = BLOCKS.filter((text) => text.startsWith('apiVersion:'));
const STEPS = BLOCKS.filter((text) => text.startsWith('- id:'));

/** Steps as those of an action: what they name of their surroundings is there. */
function withSteps(steps: string): string {
  const indented = steps.replaceAll(/^(?=.)/gm, '      ');
  return `apiVersion: sluice/v1\nkind: integration\nid: a\nversion: 1.0.0\ntitle: A\nbaseUrl: https://a.example\nactions:\n  act:\n    input: { type: object, additionalProperties: true }\n    steps:\n${indented}`;
}

const errorsIn = (findings: readonly Finding[]) =>
  findings.filter(({ severity }) => severity === 'error').map(formatFinding);

describe('docs/language.md', () => {
  it('shows definitions and steps that compile', async () => {
    const registry = await allPlugins();
    expect(DEFINITIONS.length).to.be.greaterThan(3);
    expect(STEPS.length).to.be.greaterThan(2);
    expect(Object.keys(FILES).length).to.be.greaterThan(2);
    const found = [...DEFINITIONS, ...STEPS.map(withSteps)].flatMap((text) => {
      const id = /^id: (\S+)/m.exec(text)?.[1] ?? 'a';
      return errorsIn(compileDefinition({ file: `${id}.yaml`, text, files: FILES }, registry).findings).map((line) => `${line}\n${text}`);
    });
    expect(found).to.deep.equal([]);
  });

  it('shows a test of its provisioner that passes', async () => {
    const registry = await allPlugins();
    const text = DEFINITIONS.find((definition) => definition.includes('kind: provisioner'))!;
    const tests = { file: 'acme-network.test.yaml', text: BLOCKS.find((block) => /^tests:[^]*create: true/.test(block))! };
    const compiled = compileDefinition({ file: 'acme-network.yaml', text, tests }, registry);
    expect(errorsIn(compiled.findings)).to.deep.equal([]);
    const failures: string[] = [];
    for await (const result of runDefinitionTests(compiled.plan!, compiled.tests, registry)) failures.push(...result.failures);
    expect(compiled.tests).to.have.length(1);
    expect(failures).to.deep.equal([]);
  });
});

describe('docs/provisioners.md', () => {
  const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

  it('shows steps as they stand in aws-lakehouse', () => {
    const definition = text('definitions/provisioners/aws-lakehouse.yaml').replaceAll(/^ +/gm, '');
    const shown = [...text('docs/provisioners.md').matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, block]) => block!.replaceAll(/^ +/gm, ''));
    expect(shown).to.have.length(4);
    expect(shown.filter((block) => !definition.includes(block))).to.deep.equal([]);
  });
});
