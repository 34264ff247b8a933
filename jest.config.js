const { readFileSync, readdirSync } = require('node:fs');
const { join } = require('node:path');

const TESTS = join(__dirname, 'tests');

/**
 * The suites that `npm run test:deep` runs: those that ask how deep to go (tests/support/depth.ts), and those
 * without a short form.
 */
function deepSuites() {
  return readdirSync(TESTS, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(TESTS, name))
    .filter((path) => path.endsWith('.deep.test.ts') || readFileSync(path, 'utf8').includes("/depth'"));
}

/** @type {import('jest').Config} */
module.exports = {
  ...(process.env.TEST_DEPTH === 'deep'
    ? { testMatch: deepSuites() }
    : { testMatch: ['<rootDir>/tests/**/*.test.ts'], testPathIgnorePatterns: ['\\.deep\\.test\\.ts$'] }),
  transform: { '\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }] },
  testEnvironment: 'node',
  testSequencer: '<rootDir>/tests/sequencer.cjs',
  // Suites with services wait for them half of the time: one worker more than two cores have is busy then. The deep form computes.
  maxWorkers: process.env.TEST_DEPTH === 'deep' ? 2 : 3,
};
