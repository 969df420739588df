import { expect } from 'chai';
import { VirtualClock } from '../../core/kernel/clock.ts';
import type { Json, JsonObject } from '../../core/kernel/json.ts';
import type { LogServices, Services } from '../../core/kernel/services.ts';
import { compileDefinition } from '../../core/language/compile.ts';
import { formatFinding } from '../../core/language/source.ts';
import { allPlugins } from '../definitions/bundle.ts';
import { rejection } from '../support/rejection.ts';

/** What the log platform was asked for, in order; a purge takes what is left of ten events. */
class AskedLogs implements LogServices {
  readonly asked: unknown[] = [];
  #left = 10;

  async append(...request: Parameters<LogServices['append']>): Promise<void> {
    this.asked.push(request);
  }

  async purge(...[tenantId, what]: Parameters<LogServices['purge']>): Promise<{ purged: number; done: boolean }> {
    this.asked.push([tenantId, what]);
    const purged = Math.min(this.#left, what.chunk);
    this.#left -= purged;
    return { purged, done: this.#left === 0 };
  }
}

async function run(name: string, config: JsonObject, services: Services, previous?: Json): Promise<Json> {
  const type = (await allPlugins()).stepType(name)!;
  return type.run(config, {
    clock: new VirtualClock(0),
    signal: new AbortController().signal,
    tenantId: 't1',
    runId: 'r1',
    definition: { id: 'd1', version: '1.0.0', hash: '0'.repeat(64) },
    idempotencyKey: 'k1',
    services,
    ...(previous === undefined ? {} : { previous }),
  });
}

function provisionerOf(steps: readonly string[]): string {
  const lines = steps.flatMap((step) => step.trimEnd().split('\n').map((line, i) => `    ${i === 0 ? '- ' : '  '}${line}`));
  const header = 'apiVersion: sluice/v1\nkind: provisioner\nid: a\nversion: 1.0.0\ntitle: A\nbaseUrl: https://a.example\n';
  const input = 'input: { type: object, additionalProperties: true }\n';
  const read = 'read: { steps: [ { id: look, request: { method: GET, path: /x } } ] }\n';
  return `${header}${input}${read}create:\n  steps:\n${lines.join('\n')}\n`;
}

describe('a step type', () => {
  it('has an example that compiles', async () => {
    const registry = await allPlugins();
    const types = registry.stepTypes();
    const found = types.flatMap(({ name, example }) => {
      // An example may take from the step that another one shows.
      const used = [...example.matchAll(/steps\.(\w+)/g)].map(([, id]) => id!);
      const before = types.filter((type) => type.name !== name && used.some((id) => type.example.startsWith(`id: ${id}\n`)));
      const text = provisionerOf([...before.map((type) => type.example), example]);
      const { findings } = compileDefinition({ file: 'a.yaml', text }, registry);
      return findings.filter(({ severity }) => severity === 'error').map((finding) => `${name}: ${formatFinding(finding)}`);
    });
    expect(found).to.deep.equal([]);
  });

  for (const name of ['appendLog', 'purgeLogs']) {
    it(`${name} says that it needs the typed tables, where there are none`, async () => {
      const fault = await rejection(run(name, { family: 'web', chunk: 1, fields: { a: 1 } }, {}));
      expect(fault).to.include({ name: 'StepFault', kind: 'config' });
      const type = (await allPlugins()).stepType(name)!;
      expect(await type.preflight?.({})).to.contain('typed tables');
      expect(await type.preflight?.({ logs: new AskedLogs() })).to.equal(undefined);
    });
  }
});

describe('appendLog', () => {
  it('stores one event, or several, under the key of its step', async () => {
    const logs = new AskedLogs();
    const one = await run('appendLog', { family: 'web', fields: { a: 1 } }, { logs });
    const two = await run('appendLog', { family: 'web', schema: { a: 'int' }, logs: [{ a: 1 }, { a: 2 }] }, { logs });
    expect([one, two]).to.deep.equal([{ appended: 1 }, { appended: 2 }]);
    expect(logs.asked).to.deep.equal([
      ['t1', { family: 'web', schema: {}, logs: [{ a: 1 }] }, 'k1'],
      ['t1', { family: 'web', schema: { a: 'int' }, logs: [{ a: 1 }, { a: 2 }] }, 'k1'],
    ]);
  });
});

describe('purgeLogs', () => {
  it('takes a chunk at a time, and counts what went before', async () => {
    const logs = new AskedLogs();
    const what = { family: 'web', before: '1970-01-01T00:00:05Z', where: 'a:1', chunk: 6 };
    const first = await run('purgeLogs', what, { logs });
    const second = await run('purgeLogs', what, { logs }, first);
    expect([first, second]).to.deep.equal([{ purged: 6, done: false }, { purged: 10, done: true }]);
    expect(logs.asked[0]).to.deep.equal(['t1', { family: 'web', before: 5000, where: 'a:1', chunk: 6 }]);
  });
});
