import { setCurrentDetails } from '@temporalio/workflow';
import { Checklist } from '../../workflows/kit/checklist';

jest.mock('@temporalio/workflow', () => ({ setCurrentDetails: jest.fn() }));

const shown = () => jest.mocked(setCurrentDetails).mock.lastCall?.[0] ?? '';

test('a long run shows the newest steps that the server keeps, each whole, and what it is at', () => {
  const checklist = new Checklist('upgrade of lab');
  checklist.phase('half of it');
  for (let step = 1; step <= 1000; step++)
    checklist.begin(`Upgrade host ${step}`, 'upgradeHost', { below: [`asked of host ${step}`] })('done');
  expect(shown().length).toBeLessThanOrEqual(12_000);
  expect(shown().length).toBeGreaterThan(11_000);
  const [head, phase, first = '', ...more] = shown().split(/\n+/);
  expect([head, phase]).toEqual(['### upgrade of lab', 'half of it']);
  expect(first).toMatch(/^- ✔ Upgrade host \d+$/);
  expect(more.slice(-2)).toEqual(['- ✔ Upgrade host 1000', '  - asked of host 1000']);
});

test('a step that is too long to be shown beside others is shown alone', () => {
  const checklist = new Checklist('upgrade of lab');
  checklist.begin('Look', 'look')('done');
  checklist.begin('Upgrade', 'upgradeHost', { below: ['x'.repeat(13_000)], whileRunning: 'still' });
  expect(shown()).toMatch(/^### upgrade of lab\n\nstarting\n\n- ▶ Upgrade\n {2}- x+\n {2}- still$/);
});
