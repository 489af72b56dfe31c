/** Tests of a minute and more, which wait rather than work: `npm run test:sweep` runs them, `npm test` says that it does not. */
export const sweepTest: jest.It = process.env.TEST_SWEEP ? test : test.skip;

if (!process.env.TEST_SWEEP) console.info('long tests are left to `npm run test:sweep`');
