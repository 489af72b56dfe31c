'use strict';
const { default: Sequencer } = require('@jest/test-sequencer');

/** The end-to-end tests take longest: begun first, they do not keep one processor waiting at the end. */
module.exports = class extends Sequencer {
  sort(tests) {
    const isLong = ({ path }) => path.includes('/test/e2e/') || path.includes('/test/workflows/');
    const sorted = super.sort(tests);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
};
