import { type HostRef } from '../../workflows/contract/site';
import { manifestOf, type Manifest } from '../archive/manifest';
import { fail } from '../failures';
import { sh } from '../ssh/shell';
import { type CopyDependencies } from './dependencies';
import { isOff, refuseIfOff } from './program-job';

interface WhereAnArchiveIs {
  readonly workplace: { readonly host: HostRef };
  readonly directory: string;
  readonly archive: string;
}

/** The manifest beside an archive. @throws `ResourceFailed` where there is none, or its host is off */
export async function readManifest(
  { openstack, ssh }: Pick<CopyDependencies, 'openstack' | 'ssh'>,
  { workplace: { host }, directory, archive }: WhereAnArchiveIs,
  signal: AbortSignal,
): Promise<Manifest> {
  const details = { target: `directory/${host.name}${directory}`, operation: 'readManifest' };
  if (archive.includes('/') || archive.startsWith('.'))
    throw fail('InvalidInput', `archive ${JSON.stringify(archive)}: expected a file name`, details);
  const path = `${directory}/${archive}.manifest.json`;
  const { stdout, exitCode } = await ssh
    .host(host)
    .run(sh`cat ${path}`, { signal, allowExit: [0, 1] })
    .catch((error) => refuseIfOff(error, host, () => isOff(openstack, host, signal)));
  const manifest = exitCode === 0 ? manifestOf(stdout) : undefined;
  if (manifest) return manifest;
  const what = exitCode === 0 ? 'is no manifest' : 'cannot be read';
  throw fail('ResourceFailed', `${path} on ${host.name} ${what}: this archive is no backup`, details);
}
