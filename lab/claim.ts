import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createProbe } from 'node:net';
import { basename } from 'node:path';
import { type Endpoint, type Layout, layoutOf, preferredSlot, SLOTS } from './layout';
import { type Paths } from './paths';
import { commandLine } from './processes';
import { TemporalServer } from './temporal';

/** A layout that is this process's own as long as its control API listens. */
export interface Claim {
  readonly layout: Layout;
  /** Listens already; answers nobody yet. */
  readonly server: Server;
}

/**
 * Takes the slot the lab had last, else the one that follows from its directory, else the next free one.
 *
 * @param holder asks whoever listens at a control address for its lab's directory
 * @returns null if a lab runs in this directory already
 */
export async function claimLayout(
  paths: Paths,
  holder: (control: Endpoint) => Promise<string | undefined>,
): Promise<Claim | null> {
  const first = existsSync(paths.slot) ? Number(readFileSync(paths.slot, 'utf8')) : preferredSlot(paths.directory);
  for (let tried = 0; tried < SLOTS; tried++) {
    const slot = ((first - 1 + tried) % SLOTS) + 1;
    const layout = layoutOf(slot);
    const server = await listenAt(layout.control);
    if (server) {
      writeFileSync(paths.slot, `${slot}\n`);
      return { layout: await withUsualTemporal(paths, layout), server };
    }
    if ((await holder(layout.control)) === paths.directory) return null;
  }
  throw new Error(`none of ${SLOTS} places for a lab is free`);
}

async function listenAt({ host, port }: Endpoint): Promise<Server | undefined> {
  const server = createServer();
  server.listen({ host, port, exclusive: true });
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if (['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}

/** The project's own lab has its Temporal server where every tool looks for one, if nobody else is there. */
async function withUsualTemporal(paths: Paths, layout: Layout): Promise<Layout> {
  if (basename(paths.directory) !== '.lab') return layout;
  const usual = { temporal: { host: '127.0.0.1', port: 7233 }, temporalUi: { host: '127.0.0.1', port: 8233 } };
  const { pid } = new TemporalServer(paths);
  const ours = pid !== null && commandLine(pid).includes(`--port ${usual.temporal.port} `);
  const free = async () => (await isFree(usual.temporal)) && (await isFree(usual.temporalUi));
  return ours || (await free()) ? { ...layout, ...usual } : layout;
}

async function isFree(place: Endpoint): Promise<boolean> {
  const probe = createProbe().listen({ ...place, exclusive: true });
  try {
    await once(probe, 'listening');
    probe.close();
    await once(probe, 'close');
    return true;
  } catch {
    return false;
  }
}
