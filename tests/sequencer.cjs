const { readFileSync } = require('node:fs');
const { default: Sequencer } = require('@jest/test-sequencer');

/**
 * What a suite asks for that takes long, the longest first: a suite that begins last keeps one worker busy
 * while the others are idle.
 */
const LONG = [
  /\/chaos\//,
  /kafka/i,
  /simulation/,
  /startServer|startRedis|startPrometheus|openBrowser/,
  /fast-check/,
];

/**
 * Orders suites alike on every machine; jest's own order knows how long they take only from runs before on
 * the same machine.
 */
module.exports = class extends Sequencer {
  sort(tests) {
    const weighed = tests.map((test) => {
      const text = test.path + readFileSync(test.path, 'utf8');
      const kind = LONG.findIndex((pattern) => pattern.test(text));
      return { test, kind: kind < 0 ? LONG.length : kind };
    });
    return weighed
      .sort((a, b) => a.kind - b.kind || (a.test.path < b.test.path ? -1 : 1))
      .map(({ test }) => test);
  }
};
