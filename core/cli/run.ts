import { Command } from 'commander';
import type { DriveResult } from '../runtime/drive.ts';
import type { CommandDeps } from './command-deps.ts';
import { performRun, pipelineNamed, readGiven, runnable, takingRun, type RunOptions } from './pipeline-run.ts';
import { traceJson } from './trace-text.ts';

/** `sluice run`: one pipeline against the real system, in this process; 0 where it succeeded, 1 where not. */
export const command = (deps: CommandDeps): Command =>
  takingRun(new Command('run'))
    .description('Run one action, or another pipeline, against the real system. No server and no database are needed.')
    .addHelpText(
      'after',
      '\nExample:\n  sluice run definitions/integrations/twilio-sms.yaml send --connection twilio.json --input message.json',
    )
    .action(async (definition: string, name: string, options: RunOptions) => {
      const registry = await deps.composition.loadRegistry();
      const { plan } = runnable(definition, registry);
      const pipeline = pipelineNamed(plan, name);
      const given = readGiven(deps, plan, options);
      const result = await performRun(deps, { plan, pipeline, given, registry }, options);
      printResult(deps, result, options);
      deps.exit(result.state === 'succeeded' ? 0 : 1);
    });

/** How a run ended. Its trace was printed as it went, or is part of the JSON. */
export function printResult(deps: CommandDeps, result: DriveResult, { format }: RunOptions): void {
  if (format === 'json') printJson(deps, result);
  else printEnd(deps, result);
}

function printJson({ terminal }: CommandDeps, { state, outputs, error, steps, effects }: DriveResult): void {
  const result = {
    state,
    outputs: outputs ?? null,
    error: error ?? null,
    steps: steps.map(traceJson),
    ...(effects.length > 0 && { effects: effects.map(({ step, state: standing }) => ({ step, state: standing })) }),
  };
  terminal.out(JSON.stringify(result, undefined, 2));
}

function printEnd({ terminal }: CommandDeps, { state, outputs, error, effects }: DriveResult): void {
  terminal.out(error ? `${state} (${error.kind}): ${error.message}` : state);
  for (const effect of effects.filter((one) => one.state === 'leaked'))
    terminal.out(`left behind: ${effect.step}: ${effect.error?.message ?? 'it could not be undone'}`);
  if (outputs && Object.keys(outputs).length > 0) terminal.out(JSON.stringify(outputs, undefined, 2));
}
