import { expect } from 'chai';
import { operationOf } from '../../../core/domains/compute/operation.ts';
import type { Cursor, RunState } from '../../../core/kernel/runs.ts';
import type { Run } from '../../../core/kernel/stores/runs.ts';

const NOW = new Date('2026-01-02T03:04:05Z');

const run = (more: Partial<Run> = {}): Run => ({
  tenantId: 't',
  id: 'r',
  kind: 'create',
  definition: { id: 'cloud', version: '1.0.0', hash: 'h' },
  pipeline: 'create',
  subject: 'environment:e',
  automationId: undefined,
  connectionId: undefined,
  state: 'running',
  dueAt: undefined,
  parked: false,
  attempt: 1,
  cancelRequested: false,
  cursor: { steps: {}, generation: 0 },
  input: {},
  event: undefined,
  context: undefined,
  exclusiveKey: 'environment:e',
  deadline: NOW,
  compensates: true,
  outputs: undefined,
  error: undefined,
  version: 7,
  createdAt: NOW,
  updatedAt: NOW,
  startedAt: NOW,
  finishedAt: undefined,
  ...more,
});

describe('An operation', () => {
  const UNBEGUN = { startedAt: undefined };
  const STATES: readonly [RunState, Partial<Run>, creating: string, deleting: string][] = [
    ['queued', UNBEGUN, 'PENDING', 'PENDING'],
    ['queued', {}, 'RUNNING', 'RUNNING'],
    ['running', {}, 'RUNNING', 'RUNNING'],
    ['waiting', {}, 'RUNNING', 'RUNNING'],
    ['rolling_back', {}, 'ROLLING_BACK', 'RUNNING'],
    ['rolling_back', UNBEGUN, 'ROLLING_BACK', 'PENDING'],
    ['needs_review', {}, 'ACTION_REQUIRED', 'ACTION_REQUIRED'],
    ['queued', { cancelRequested: true }, 'CANCELLING', 'CANCELLING'],
    ['running', { cancelRequested: true }, 'CANCELLING', 'CANCELLING'],
    ['waiting', { cancelRequested: true }, 'CANCELLING', 'CANCELLING'],
    ['rolling_back', { cancelRequested: true }, 'CANCELLING', 'CANCELLING'],
    ['succeeded', {}, 'SUCCEEDED', 'SUCCEEDED'],
    ['failed', {}, 'FAILED', 'FAILED'],
    ['failed', { cancelRequested: true }, 'FAILED', 'FAILED'],
    ['cancelled', { cancelRequested: true }, 'CANCELLED', 'CANCELLED'],
  ];
  for (const [state, more, creating, deleting] of STATES) {
    const what = more === UNBEGUN ? ', not begun' : more.cancelRequested ? ', asked to be cancelled' : '';
    it(`is ${creating} to create and ${deleting} to delete where its run is ${state}${what}`, () => {
      expect(operationOf(run({ ...more, state }), undefined).state).to.equal(creating);
      expect(operationOf(run({ ...more, state, kind: 'delete' }), undefined).state).to.equal(deleting);
    });
  }

  it('has its environment for a target, and the deadline and version of its run', () => {
    const operation = operationOf(run(), undefined);
    expect(operation).to.include({ id: 'r', kind: 'create', target: 'e', attempts: 1, deadline: NOW, version: 7 });
  });

  it('tells what was the matter in the terms of providers, and whether time may mend it', () => {
    const error = {
      kind: 'transient' as const,
      code: 'DEADLINE_EXCEEDED' as const,
      message: 'late',
      step: 'network',
      provider: { status: 503, requestId: 'q' },
      causes: [{ kind: 'config' as const, message: 'before' }],
    };
    expect(operationOf(run({ state: 'failed', error }), undefined).error).to.deep.equal({
      code: 'DEADLINE_EXCEEDED',
      message: 'late',
      step: 'network',
      provider: { status: 503, requestId: 'q' },
      retryable: true,
      causes: [
        { code: 'INTERNAL_FAILURE', message: 'before', step: undefined, provider: undefined, retryable: false, causes: [] },
      ],
    });
  });

  it('lists what could not be undone with what is known of it, and can then be retried', () => {
    const error = { kind: 'config' as const, code: 'ACCESS_DENIED' as const, message: 'no', step: 'network/undo/drop' };
    const cursor: Cursor = {
      generation: 0,
      steps: { network: { state: 'succeeded', outputs: { networkId: 'n1' } } },
      effects: [
        { step: 'network', state: 'leaked', error },
        { step: 'bucket', state: 'undone' },
      ],
      rollback: { ends: 'failed' },
    };
    const operation = operationOf(run({ state: 'failed', cursor, error: { kind: 'config', message: 'x' } }), undefined);
    const shown = { code: 'ACCESS_DENIED', message: 'no', step: 'network/undo/drop', provider: undefined, retryable: false, causes: [] };
    expect(operation.rollbackErrors).to.deep.equal([shown]);
    expect(operation.leakedResources).to.deep.equal([{ step: 'network', outputs: { networkId: 'n1' }, error: shown }]);
    expect(operation.error?.retryable).to.equal(true);
  });

  it('that deletes by undoing counts what it has undone', () => {
    const cursor: Cursor = {
      generation: 0,
      steps: {},
      effects: [
        { step: 'network', state: 'standing' },
        { step: 'bucket', state: 'undone' },
      ],
      rollback: { ends: 'succeeded' },
    };
    const operation = operationOf(run({ kind: 'delete', state: 'rolling_back', cursor }), undefined);
    expect(operation.progress).to.deep.equal({ done: 1, total: 2, step: 'network' });
  });
});
