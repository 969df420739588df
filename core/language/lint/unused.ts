import { isJsonObject, type Json } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import { secretPointers } from '../schema/compiled.ts';
import { writtenAuth } from '../sections/auth.ts';
import { EFFECTS } from '../verbs/all.ts';
import type { LintRule, Subject } from './subject.ts';

export const unused: LintRule = {
  name: 'unused',
  summary: 'Secrets that no template uses, and outputs that nothing reads.',
  check(subject, report) {
    const used = usedNames(subject);
    for (const section of ['connection', 'app'] as const) {
      for (const pointer of secretPointers(subject.outline.root[section])) {
        const name = `${section}${pointer.replaceAll('/', '.')}`;
        if (isUsed(name, used)) continue;
        const place = childPointer('', section) + pointer.replaceAll('/', '/properties/');
        report.warning(
          place,
          `The secret "${name}" is asked for and never used. Use it in auth, or leave it out.`,
          { onKey: true },
        );
      }
    }
    unusedOutputs(subject, report);
  },
};

function unusedOutputs({ outline, places }: Subject, report: Parameters<LintRule['check']>[1]): void {
  const named = new Set(places.flatMap(({ references }) => references.map(({ path }) => path.join('.'))));
  for (const pipeline of outline.pipelines.filter(({ name }) => name !== 'verify')) {
    const inside = places.filter(({ pointer }) => pointer.startsWith(`${pipeline.pointer}/`));
    const used = new Set(inside.flatMap(({ references }) => references.map(({ path }) => path.join('.'))));
    for (const { id, node, verb, pointer } of pipeline.steps) {
      for (const output of verb.outputs(node)) {
        if (isUsed(`steps.${id}.${output}`, used)) continue;
        if (pipeline.name === 'create' && isUsed(`environment.steps.${id}.${output}`, named)) continue;
        const place = EFFECTS.includes(verb)
          ? childPointer(pointer, 'response', 'outputs', output)
          : childPointer(pointer, verb.name, output);
        report.warning(
          place,
          `Nothing reads "steps.${id}.${output}". Use it in a later step or in the ${nounOf(pipeline.name)}'s outputs, or leave it out.`,
          { onKey: true },
        );
      }
    }
  }
}

function nounOf(pipeline: string): string {
  return pipeline.startsWith('actions/') ? 'action' : 'pipeline';
}

/** Names that templates use, and those that schemes take by themselves. */
function usedNames({ places, outline, registry }: Subject): ReadonlySet<string> {
  const named = places.flatMap(({ references }) => references.map(({ path }) => path.join('.')));
  const auth = [
    outline.root['auth'],
    ...outline.pipelines.flatMap(({ steps }) => steps.map(({ node }) => authOf(node))),
  ];
  const schemes = new Set(auth.flatMap((node) => writtenAuth(node, '').map(({ scheme }) => scheme)));
  const taken = registry.authSchemes().filter(({ name }) => schemes.has(name));
  return new Set([
    ...named,
    ...taken.flatMap(({ appDefaults }) => (appDefaults ?? []).map((name) => `app.${name}`)),
  ]);
}

function authOf(step: { readonly [key: string]: Json }): Json | undefined {
  return isJsonObject(step['request']) ? step['request']['auth'] : undefined;
}

/** Used by itself, as a whole with what is around it, or in a part. */
function isUsed(name: string, used: ReadonlySet<string>): boolean {
  return [...used].some(
    (other) => other === name || name.startsWith(`${other}.`) || other.startsWith(`${name}.`),
  );
}
