/** Mocha's spec reporter, and its totals with what failed to the process that runs the lanes. */
const { reporters } = require('mocha');

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      process.send?.({ passed: passes, failed: failures, skipped: pending, broken: this.failures.map(describe) });
    });
  }
};

const LINES_OF_AN_ERROR = 30;

/** A test that failed, or the hook that its suite failed in, with what was thrown. */
function describe(test) {
  const thrown = test.err?.stack ?? test.err?.message ?? String(test.err);
  return `${test.titlePath().join(' > ')}\n${thrown.split('\n').slice(0, LINES_OF_AN_ERROR).join('\n')}`;
}
