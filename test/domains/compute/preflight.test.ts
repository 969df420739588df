import { expect } from 'chai';
import { Type } from 'typebox';
import { preflight } from '../../../core/domains/compute/preflight.ts';
import type { StepType } from '../../../core/kernel/plugin.ts';
import { Registry } from '../../../core/kernel/registry.ts';
import { compileDefinition } from '../../../core/language/compile.ts';
import none from '../../../plugins/none/index.ts';

const YAML = `
apiVersion: sluice/v1
kind: provisioner
id: here
version: 1.0.0
title: Here
create:
  steps:
    - id: place
      use: makeFolder
      with: {}
      undo: [ { id: back, use: dropFolder, with: {} } ]
  outputs: {}
progress: [place]`;

const stepType = (name: string, refusal: string | undefined): StepType<never> => ({
  type: 'stepType',
  name,
  summary: 'x',
  config: Type.Object({}),
  result: Type.Object({}),
  example: '',
  repeat: { mode: 'safe' },
  preflight: async () => refusal,
  run: async () => ({}),
});

describe('preflight', () => {
  const refusalsWith = async (made: string | undefined, dropped: string | undefined) => {
    const types = [stepType('makeFolder', made), stepType('dropFolder', dropped)];
    const registry = new Registry([none, ...types]);
    const { plan, findings } = compileDefinition({ file: 'here.yaml', text: YAML }, registry);
    if (!plan) throw new Error(JSON.stringify(findings));
    return preflight(plan, { stepTypes: (name) => registry.stepType(name), services: {} });
  };

  it('asks every step type of a plan, also those that undo, and gives each reason once', async () => {
    expect(await refusalsWith(undefined, undefined)).to.deep.equal([]);
    expect(await refusalsWith('No folder here.', undefined)).to.deep.equal(['No folder here.']);
    expect(await refusalsWith(undefined, 'Nothing to drop.')).to.deep.equal(['Nothing to drop.']);
    expect(await refusalsWith('Away.', 'Away.')).to.deep.equal(['Away.']);
  });
});
