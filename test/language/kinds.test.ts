import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Registry } from '../../core/kernel/registry.ts';
import { compileDefinition } from '../../core/language/compile.ts';
import type { EffectStep, Pipeline, Plan } from '../../core/language/plan.ts';
import { formatFinding } from '../../core/language/source.ts';
import { registry } from './registry.ts';

function compile(file: string, text: string, plugins = registry): Plan {
  const { plan, findings } = compileDefinition({ file, text }, plugins);
  if (!plan) throw new Error(findings.map(formatFinding).join('\n'));
  return plan;
}

const fixture = (name: string) =>
  compile(name, readFileSync(new URL(`../fixtures/contract/${name}`, import.meta.url), 'utf8'));

function effect(pipeline: Pipeline | undefined, id: string): EffectStep {
  const step = pipeline?.steps.find((one) => one.id === id);
  if (step?.verb !== 'request' && step?.verb !== 'use') throw new Error(`There is no ${id} with an effect.`);
  return step;
}

const HEADER = (kind: string) => `apiVersion: sluice/v1\nkind: ${kind}\nid: a\nversion: 1.0.0\ntitle: A\n`;

describe('a compiled provisioner', () => {
  const plan = fixture('networks.yaml');
  const create = plan.pipelines.get('create')!;

  it('has its pipelines, their deadlines, and the steps a person is shown', () => {
    expect([plan.kind, [...plan.pipelines.keys()]]).to.deep.equal(['provisioner', ['create', 'read', 'delete']]);
    const { deadlineMs, rollbackDeadlineMs, compensates, healthy } = create;
    expect({ deadlineMs, rollbackDeadlineMs, compensates, healthy }).to.deep.equal({
      deadlineMs: 2_400_000,
      rollbackDeadlineMs: 2_400_000,
      compensates: true,
      healthy: undefined,
    });
    expect(plan.pipelines.get('delete')).to.deep.include({ deadlineMs: 1_800_000, compensates: false });
    expect(plan.progress).to.deep.equal(['network', 'networkReady', 'host']);
  });

  it('takes the input in create, and none in read and delete', () => {
    expect(create.input.complete({ region: 'eu' })).to.deep.equal({ value: { region: 'eu', size: 1 }, violations: [] });
    const refused = plan.pipelines.get('read')!.input.complete({ region: 'eu' }).violations;
    expect(refused.map(({ path }) => path)).to.deep.equal(['/region']);
  });

  it('judges what read found by the last answer', () => {
    const { healthy } = plan.pipelines.get('read')!;
    const answer = (state: string) => ({ status: 200, headers: {}, body: { state } });
    expect([healthy?.({}, answer('READY')), healthy?.({}, answer('BROKEN'))]).to.deep.equal([true, false]);
  });

  it('polls in milliseconds', () => {
    const { until: _until, ...poll } = effect(create, 'networkReady').poll!;
    expect(poll).to.deep.equal({ everyMs: 10_000, factor: 2, maxMs: 30_000, timeoutMs: 900_000 });
  });

  it('gives the steps of an undo, and what a lookup asks, paths below their step', () => {
    const host = effect(create, 'host');
    expect(host.undo?.map(({ path }) => path)).to.deep.equal(['host/undo/dropHost']);
    if (host.idempotency.mode !== 'lookup') throw new Error('host is not looked up');
    const { step, settleMs } = host.idempotency;
    expect([step.path, step.idempotency, settleMs]).to.deep.equal(['host/lookup', { mode: 'safe' }, 10_000]);
    expect(Object.keys(step.response.outputs)).to.deep.equal(['hostId']);
  });

  it('names all of its rules', () => {
    expect(plan.rules).to.deep.equal(['/create/steps/1/errors/0']);
  });
});

describe('a step with a step type', () => {
  const plan = fixture('boxes.yaml');
  const scope = (input: object) => ({ input, steps: {}, step: { idempotencyKey: 'k' } });

  it('is repeated as its type says, or more carefully', () => {
    const append = effect(plan.pipelines.get('actions/store'), 'append');
    expect(append.idempotency).to.deep.equal({ mode: 'key', validFor: 86_400_000 });
    const careful = `${HEADER('integration')}actions: { act: { steps: [ { id: s, use: findBox, with: { name: a }, idempotency: { mode: once } } ] } }\n`;
    expect(effect(compile('a.yaml', careful).pipelines.get('actions/act'), 's').idempotency).to.deep.equal({ mode: 'once' });
  });

  it('fills its settings, and refuses what its type does not take', () => {
    const box = effect(plan.pipelines.get('actions/pack'), 'box');
    if (box.verb !== 'use') throw new Error('box is no step type');
    expect(box.prepare(scope({ name: 'a' }))).to.deep.equal({ name: 'a' });
    expect(box.prepare(scope({ name: 'a', size: 2 }))).to.deep.equal({ name: 'a', size: 2 });
    expect(() => box.prepare(scope({ name: 7 }))).to.throw('makeBox cannot be given this: /name 7 is a number; this must be text.');
  });
});

describe('a compiled sink', () => {
  it('says when a batch is full', () => {
    expect(fixture('bulk.yaml').sink).to.deep.equal({
      store: 'steps',
      batch: { maxEvents: 100, maxBytes: 1_048_576, maxWaitMs: 2000 },
    });
    const text = `${HEADER('sink')}baseUrl: https://a.example\nsteps: [ { id: s, request: { method: PUT, path: /x, json: "{{ events }}" } } ]\n`;
    expect(compile('a.yaml', text).sink).to.deep.equal({
      store: 'steps',
      batch: { maxEvents: 5000, maxBytes: 5_242_880, maxWaitMs: 1000 },
    });
  });

  it('reads what an answer says of each event', () => {
    const { items } = effect(fixture('bulk.yaml').pipelines.get('batch'), 'bulk').response;
    const matching = (status: number) =>
      items?.errors.find(({ when }) => when({ item: { create: { status } } }, { headers: {}, body: undefined }))?.then;
    expect([201, 409, 429, 400].map(matching)).to.deep.equal([undefined, 'ignore', 'retry', 'fail']);
  });

  it('of the typed tables has a purge, and their settings', () => {
    const text = `${HEADER('sink')}store: sql\nsettings: { retention: { days: 30, chunk: 100 } }\n`;
    const plan = compile('a.yaml', text);
    expect(plan.sink).to.deep.equal({ store: 'sql', settings: { retentionDays: 30, purgeChunk: 100 } });
    const purge = plan.pipelines.get('purge')!;
    const step = effect(purge, 'purge');
    if (step.verb !== 'use') throw new Error('purge is no step type');
    expect(step.prepare({ input: { family: 'web' } })).to.deep.equal({ family: 'web', chunk: 100 });
    expect(step.poll).to.deep.include({ everyMs: 0, timeoutMs: 604_800_000 });
    expect(purge.input.complete({ family: 'web', before: 'yesterday' }).violations).to.have.length(1);
  });

  it('of the typed tables compiles where nobody has brought their step type', () => {
    expect(compile('a.yaml', `${HEADER('sink')}store: sql\n`, new Registry([])).pipelines.has('purge')).to.equal(true);
  });
});
