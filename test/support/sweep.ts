/** Whether `npm run test:sweep` runs this, which has the time. */
export const sweeping = Boolean(process.env.TEST_SWEEP);

/**
 * Tests that take long, or that the simulation makes in many more ways: `npm run test:sweep` runs them, `npm test` says
 * that it does not.
 */
export const sweepTest: jest.It = sweeping ? test : test.skip;

if (!sweeping) console.info('long tests are left to `npm run test:sweep`');
