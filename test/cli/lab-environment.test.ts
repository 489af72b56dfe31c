import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLabEnvironment, withoutOtherSites } from '../../cli/lab-environment';

const lab = mkdtempSync(join(tmpdir(), 'lab-'));
writeFileSync(join(lab, 'env'), '# the lab\nTEMPORAL_ADDRESS=127.77.1.1:7233\nRUNBOOK_SITES=/lab/sites\n\n');

test('the file of the lab is read where RUNBOOK_LAB says', () => {
  const { env, notice } = withLabEnvironment({ RUNBOOK_LAB: lab, PATH: '/bin' }, '/nowhere');
  expect(env).toEqual({
    RUNBOOK_LAB: lab,
    PATH: '/bin',
    TEMPORAL_ADDRESS: '127.77.1.1:7233',
    RUNBOOK_SITES: '/lab/sites',
  });
  expect(notice).toBeNull();
});

test.each([
  ['the address', { TEMPORAL_ADDRESS: 'temporal.example:7233' }],
  ['the sites', { RUNBOOK_SITES: '/etc/sites' }],
  ['the clouds', { OS_CLIENT_CONFIG_FILE: '/etc/clouds.yaml' }],
  ['another way to Temporal', { TEMPORAL_PROFILE: 'production' }],
])('it is ignored as a whole, and that is said, if %s is set by hand', (_what, explicit) => {
  const env = { RUNBOOK_LAB: lab, ...explicit };
  const [name] = Object.keys(explicit);
  expect(withLabEnvironment(env, '/nowhere')).toEqual({
    env,
    notice: `${join(lab, 'env')} is ignored: ${name} is set`,
  });
});

test('where everything is set by hand there is nothing to ignore', () => {
  const env = { RUNBOOK_LAB: lab, TEMPORAL_ADDRESS: 'a:1', RUNBOOK_SITES: '/etc/sites' };
  expect(withLabEnvironment(env, '/nowhere')).toEqual({ env, notice: null });
});

test('without a lab the environment is left alone', () => {
  const env = { PATH: '/bin' };
  expect(withLabEnvironment(env, '/nowhere')).toEqual({ env, notice: null });
});

test('a demonstration forgets every other site', () => {
  expect(
    withoutOtherSites({
      PATH: '/bin',
      RUNBOOK_LAB: lab,
      TEMPORAL_API_KEY: 'x',
      OS_CLOUD: 'prod',
      RUNBOOK_SITE: 'prod',
    }),
  ).toEqual({ PATH: '/bin', RUNBOOK_LAB: lab });
});
