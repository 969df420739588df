import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Mocha.Runner.constants;

/** Prints as mocha's own spec reporter does, and leaves the counts in a file for core/cli/test.mjs. */
export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const counts = { passed: 0, failed: 0, pending: [] };
    runner.on(EVENT_TEST_PASS, () => counts.passed++);
    // Also for hooks: a hook that fails is a failure, and keeps the tests behind it from running.
    runner.on(EVENT_TEST_FAIL, () => counts.failed++);
    runner.on(EVENT_TEST_PENDING, (test) => counts.pending.push(test.fullTitle()));
    runner.once(EVENT_RUN_END, () => writeFileSync(options.reporterOption.counts, JSON.stringify(counts)));
  }
}
