'use strict';

/** Each layer of tests is a folder under test/; `npm test` runs all of them through bin/test.js. */
module.exports = {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/build/', '<rootDir>/.lab'],
  transform: { '^.+\\.ts$': '@swc/jest' },
  testEnvironment: 'node',
  testSequencer: '<rootDir>/test/sequencer.js',
  testTimeout: 30_000,
};
