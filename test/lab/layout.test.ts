import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { claimLayout } from '../../lab/claim';
import { type Endpoint, layoutOf, preferredSlot, SLOTS, text } from '../../lab/layout';
import { pathsOf } from '../../lab/paths';

function endpoints(slot: number, platform: NodeJS.Platform): string[] {
  const { slot: _slot, ssh, web, databaseHealth: _isWeb, ...others } = layoutOf(slot, platform);
  return [...Object.values<Endpoint>(others), ...Object.values(ssh), ...Object.values(web)].map(text);
}

test.each(['linux', 'darwin'] as const)('on %s no two labs, and no two parts of one, share a port', (platform) => {
  const all = Array.from({ length: SLOTS }, (_, index) => endpoints(index + 1, platform)).flat();
  expect(new Set(all).size).toBe(all.length);
  expect(all.every((endpoint) => endpoint.startsWith('127.') && Number(endpoint.split(':')[1]) < 32_768)).toBe(true);
});

describe('claiming a layout', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'lab-claim-'));
  const paths = pathsOf(directory);
  afterAll(() => rmSync(directory, { recursive: true }));

  test('a taken slot is passed over, and the one found is kept', async () => {
    const wanted = layoutOf(preferredSlot(directory)).control;
    const stranger = createServer().listen(wanted);
    await once(stranger, 'listening');
    const first = await claimLayout(paths, async () => 'another directory');
    const again = await claimLayout(paths, async () => directory);
    stranger.close();
    first?.server.close();
    expect(first?.layout.slot).not.toBe(preferredSlot(directory));
    expect(again).toBeNull();

    const later = await claimLayout(paths, async () => undefined);
    later?.server.close();
    expect(later?.layout.slot).toBe(first?.layout.slot);
  });
});
