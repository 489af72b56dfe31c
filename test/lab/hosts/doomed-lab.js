'use strict';
// A lab in a process of its own, to be killed: `node doomed-lab.js <directory> <isolation>`.
const { chmodSync } = require('node:fs');
const { join } = require('node:path');
const { transformFileSync } = require('@swc/core');

require.extensions['.ts'] = (module, file) => module._compile(transformFileSync(file).code, file);
const { createHosts, LabNetwork } = require('../../../lab/hosts/host.ts');

const [directory, isolation] = process.argv.slice(2);
chmodSync(directory, 0o755);
const spec = {
  name: 'db1',
  address: '127.77.0.1',
  port: 10_000 + (process.pid % 20_000),
  directory: join(directory, 'db1'),
  bootDelayMs: 0,
  network: new LabNetwork(),
};
createHosts([spec], isolation).then(async ({ hosts: { db1 } }) => {
  await db1.boot();
  const beat = db1.hostPath('/bfdata/beat');
  await db1.exec(`setsid sh -c 'while :; do echo >> ${beat}; sleep 0.02; done' >/dev/null 2>&1 </dev/null &`);
});
