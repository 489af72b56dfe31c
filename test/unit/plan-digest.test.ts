import { act } from '../../workflows/contract/actions';
import { canonicalJson, planDigest, withPlaceholders } from '../../workflows/contract/plan';
import { resolveSite } from '../../workflows/contract/resolve-site';
import { fakeDocument } from '../support/fake-site';

const { production, notify } = resolveSite('fake', fakeDocument);
const down = (note: string) => act.takeProductionDown({ production, note });
const up = act.bringProductionUp({ production });

test('what only a run can know does not change the digest', () => {
  expect(planDigest([down('run 1'), up])).toBe(planDigest([down('run 2'), up]));
  expect(withPlaceholders('takeProductionDown', down('run 1').input)).toMatchObject({ note: '<note>' });
});

test('order, target and input change the digest', () => {
  const elsewhere = act.bringProductionUp({ production: { ...production, floatingIp: '192.0.2.77' } });
  const digests = [[down(''), up], [up, down('')], [down(''), elsewhere], [down('')]].map((steps) => planDigest(steps));
  expect(new Set(digests).size).toBe(digests.length);
});

test('messages to people do not count', () => {
  const tell = act.notify({ targets: [...notify], kind: 'done', run: 'r', text: 't' });
  expect(planDigest([down(''), tell, up])).toBe(planDigest([down(''), up]));
});

test('the order of keys does not matter', () => {
  expect(canonicalJson({ b: 1, a: { d: [1, { f: 1, e: 2 }], c: null } })).toBe(
    '{"a":{"c":null,"d":[1,{"e":2,"f":1}]},"b":1}',
  );
});
