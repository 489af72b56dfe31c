import { fail } from '../../../activities/failures';
import { jobActions } from '../../../activities/jobs';
import { sh } from '../../../activities/ssh/shell';
import { cloudName, failureOf, type SmallCloud, startSmallCloud } from '../cloud/small-cloud';
import { contextFor, LocalHosts } from '../copy/local-hosts';

let hosts: LocalHosts;
let small: SmallCloud;
let actions: ReturnType<typeof jobActions>;

beforeEach(async () => {
  hosts = new LocalHosts();
  small = await startSmallCloud();
  actions = jobActions({ openstack: small.openstack, ssh: hosts });
});
afterEach(async () => {
  await small.close();
  await hosts.close();
});

const host = (server = 'www1') => ({ ...hosts.ref('www1'), server: { cloud: cloudName, name: server } });
const stop = (server?: string) =>
  actions.stopJob.do({ host: host(server), key: 'copy', title: 'Copy', graceSeconds: 1 }, contextFor());

test('a running job is stopped and never starts again', async () => {
  const start = { key: 'copy', command: sh`sleep 60`, alreadyStarted: false };
  await hosts.jobs(host()).startOrAttach(start);
  expect(await stop()).toEqual({ key: 'copy', host: 'www1', state: 'stopped', starts: 1 });
  expect(await stop()).toMatchObject({ state: 'ended', starts: 1 });
});

test('one that never started is refused from then on', async () => {
  expect(await stop()).toMatchObject({ state: 'never-started', starts: 0 });
  const late = hosts.jobs(host()).startOrAttach({ key: 'copy', command: sh`true`, alreadyStarted: false });
  expect(await failureOf(late)).toMatchObject({ type: 'PreconditionFailed' });
});

test('nothing runs on a host that is off; one that is silent is tried again', async () => {
  hosts.silent.set('www1', fail('Unavailable', 'no SSH connection'));
  expect(await stop('backup')).toEqual({ key: 'copy', host: 'www1', state: 'host-off', starts: 0 });
  expect(await failureOf(stop())).toMatchObject({ type: 'Unavailable' });
});

test('a run that has lost its lock does not stop a job of the newer one', async () => {
  const fence = (number: number) => ({ number, resources: ['site'], scope: 'lab' });
  const jobs = hosts.jobs(host());
  await jobs.startOrAttach({ key: 'copy', command: sh`sleep 60`, alreadyStarted: false, fence: fence(5) });
  const { call, ...context } = contextFor();
  const late = actions.stopJob.do(
    { host: host(), key: 'copy', title: 'Copy', graceSeconds: 1 },
    { ...context, call: { ...call, fence: fence(4) } },
  );
  expect(await failureOf(late)).toMatchObject({ type: 'PreconditionFailed' });
  expect(await jobs.poll('copy')).toMatchObject({ state: 'running' });
  expect(await stop()).toMatchObject({ state: 'stopped' });
});
