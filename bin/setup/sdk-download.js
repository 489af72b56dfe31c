'use strict';
/**
 * `node sdk-download.js <directory> <version>`: lets the SDK download the Temporal CLI into the directory.
 *
 * The SDK offers its download only together with a start, so a server lives for a moment: its proof that it runs.
 */
const { DefaultLogger, Runtime } = require('@temporalio/worker');
const { TestWorkflowEnvironment } = require('@temporalio/testing');

const [downloadDir, version] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger('ERROR') });
TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'cached-download', downloadDir, version } } })
  .then((environment) => environment.teardown())
  .catch((error) => {
    let deepest = error;
    while (deepest.cause) deepest = deepest.cause;
    process.stderr.write(`${String(deepest.message).split('\n')[0]}\n`);
    process.exitCode = 1;
  });
