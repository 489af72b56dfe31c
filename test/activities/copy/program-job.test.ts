import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { runProgramJob } from '../../../activities/copy/program-job';
import { failureTypeOf } from '../../../activities/failures';
import { type ActionContext } from '../../../activities/implementation';
import { contextFor, LocalHosts } from './local-hosts';

let hosts: LocalHosts;
beforeEach(() => {
  hosts = new LocalHosts();
});
afterEach(() => hosts.close());

const { call } = contextFor();
const fence = (number: number) => ({ number, resources: ['site'], scope: 'lab' });
const ran = () => existsSync(join(hosts.home('backup'), 'ran'));

/** Runs a program that leaves the file `ran` and a result. */
function run(more: Partial<ActionContext>) {
  const text = 'touch "$HOME/ran"; echo \'{"rows":3}\' > "$JOB_DIR/result"';
  const program = { name: 'mark', text };
  const result = z.object({ rows: z.number() });
  return runProgramJob(hosts, { host: hosts.ref('backup'), program, args: [], result }, contextFor(more));
}
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => failureTypeOf(error),
  );

test('a job whose directory is gone is not started again by the next attempt, which knows that it was started', async () => {
  const first = { call: { ...call, key: 'copy' } };
  expect(await run(first)).toMatchObject({ rows: 3, starts: 1 });
  rmSync(join(hosts.home('backup'), '.runbook', 'jobs'), { recursive: true });
  rmSync(join(hosts.home('backup'), 'ran'));
  expect(await failureOf(run({ ...first, attempt: 2, jobStarted: true }))).toBe('UnknownOutcome');
  expect(ran()).toBe(false);
});

test('a job runs under the number of its run, and the host refuses it once a newer run holds the lock', async () => {
  expect(await run({ call: { ...call, key: 'newer', fence: fence(5) } })).toMatchObject({ rows: 3 });
  rmSync(join(hosts.home('backup'), 'ran'));
  expect(await failureOf(run({ call: { ...call, key: 'older', fence: fence(4) } }))).toBe('PreconditionFailed');
  expect(ran()).toBe(false);
});
