#!/usr/bin/env node
// The command `sluice`. It runs the compiled program in this very process, so that signals reach the program itself.
import { existsSync } from 'node:fs';

const main = new URL('../../dist/core/main.js', import.meta.url);

// In a clone, edited sources are compiled first; an installed package holds dist/ and no sources.
if (existsSync(new URL('../main.ts', import.meta.url))) {
  const { bootstrap } = await import('./bootstrap.mjs');
  try {
    await bootstrap('compile');
  } catch (error) {
    process.stderr.write(`sluice: ${error.message}\n`);
    process.exit(1);
  }
}
if (!existsSync(main)) {
  process.stderr.write('sluice: dist/ is missing from this installation; install the package again.\n');
  process.exit(1);
}
await (await import(main.href)).main(process.argv);
// Nothing is left by now but what a pipe has not taken yet, and timers of Agenda's, which would look for two seconds whether
// jobs that have ended are alive.
for (const stream of [process.stdout, process.stderr]) await new Promise((written) => stream.write('', written));
process.exit();
