import fc from 'fast-check';
import { conflicts, nextGrants } from '../../workflows/planners/lock-queue';

const resources = fc.uniqueArray(fc.constantFrom('site', 'host/db1', 'host/db2', 'volume/backup'), {
  minLength: 1,
  maxLength: 3,
});
const requests = fc.array(
  resources.map((wanted) => ({ resources: wanted })),
  { maxLength: 6 },
);

test('a path conflicts with itself, and the whole site with everything', () => {
  expect(conflicts(['host/db1'], ['host/db1'])).toBe(true);
  expect(conflicts(['host/db1'], ['host/db2'])).toBe(false);
  expect(conflicts(['site'], ['volume/backup'])).toBe(true);
});

test('holders never conflict, whatever is asked for', () => {
  fc.assert(
    fc.property(requests, (queue) => {
      const grants = nextGrants([], queue);
      for (const [index, grant] of grants.entries())
        for (const other of grants.slice(index + 1)) expect(conflicts(grant.resources, other.resources)).toBe(false);
    }),
  );
});

test('nobody passes an earlier waiter that it conflicts with', () => {
  fc.assert(
    fc.property(requests, requests, (holders, queue) => {
      const grants = new Set(nextGrants(holders, queue));
      queue.forEach((waiter, index) => {
        if (!grants.has(waiter)) return;
        for (const earlier of queue.slice(0, index))
          if (!grants.has(earlier)) expect(conflicts(earlier.resources, waiter.resources)).toBe(false);
      });
    }),
  );
});

test('with nobody in the way the first waiter always goes', () => {
  fc.assert(
    fc.property(requests, (queue) => {
      expect(nextGrants([], queue)[0]).toBe(queue[0]);
    }),
  );
});
