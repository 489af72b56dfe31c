import { type BackupRecord } from '../../workflows/contract/actions/archives';
import { sh, type ShellText } from '../ssh/shell';
import { asOfManifest, distrustOf, manifestOf, verificationOf } from './manifest';

/** Exit code where the directory of the archives is not there: a volume that is no longer mounted. */
export const noDirectory = 3;

/**
 * One line for each manifest: archive's size (- if it is gone), manifest's time in seconds, manifest, verification record
 * and why it was taken away in base64 (- if there is none), name of the archive. Exits with `noDirectory` where there is none.
 */
export const listManifests = (directory: string): ShellText => sh`cd ${directory} 2> /dev/null || exit ${noDirectory}
for manifest in *.manifest.json; do
  [ -f "$manifest" ] || continue
  name=$\{manifest%.manifest.json}
  size=$(stat -c %s "$name" 2> /dev/null) || size=-
  verified=-
  if [ -f "$name.verified.json" ]; then verified=$(base64 -w 0 "$name.verified.json"); fi
  distrusted=-
  if [ -f "$name.distrusted.json" ]; then distrusted=$(base64 -w 0 "$name.distrusted.json"); fi
  echo "$size $(stat -c %Y "$manifest") $(base64 -w 0 "$manifest")- $\{verified:--} $\{distrusted:--} $name"
done`;

/**
 * The records of all archives of a site, newest first.
 *
 * An archive whose manifest makes no sense, or that is not the one its manifest describes, is listed as not verified:
 * it takes space and somebody should look at it, but it is no backup.
 */
export function readRecords(listing: string, site: string): BackupRecord[] {
  return listing
    .split('\n')
    .flatMap((line) => recordOf(line, site) ?? [])
    .filter((record) => record.site === site)
    .sort((a, b) => (a.createdAt === b.createdAt ? (a.name < b.name ? 1 : -1) : a.createdAt < b.createdAt ? 1 : -1));
}

function recordOf(line: string, site: string): BackupRecord | undefined {
  const match = /^(\d+|-) (\d+) (\S*)- (\S+) (\S+) (.+)$/.exec(line);
  if (!match) return undefined;
  const [, size = '-', seconds = '0', encoded = '', verifiedBy = '-', distrusted = '-', name = ''] = match;
  const manifest = manifestOf(decode(encoded));
  if (manifest?.name !== name) return unreadable(name, site, size, Number(seconds));

  const verification = verificationOf(decode(verifiedBy));
  const isWhole = Number(size) === manifest.bytes;
  const verified = isWhole && verification?.sha256 === manifest.sha256;
  const problem = verified ? undefined : distrustOf(decode(distrusted))?.why;
  const { createdAt, bytes, sha256, engine, version, standIn, strategy, storeBytes, rows, marker, run } = manifest;
  const asOf = asOfManifest(manifest);
  return {
    kind: 'archive',
    name,
    site: manifest.site,
    createdAt,
    asOf,
    bytes,
    sha256,
    engine,
    strategy,
    verified,
    verifiedAt: verified ? verification.verifiedAt : null,
    rows,
    marker,
    run: run.workflowId,
    ...{ version, storeBytes, standIn },
    ...(problem !== undefined && { problem }),
  };
}

function unreadable(name: string, site: string, size: string, seconds: number): BackupRecord {
  return {
    kind: 'archive',
    name,
    site,
    createdAt: new Date(seconds * 1000).toISOString(),
    bytes: size === '-' ? 0 : Number(size),
    sha256: '',
    engine: 'unknown',
    strategy: 'manifest is unreadable',
    verified: false,
    verifiedAt: null,
    rows: null,
    marker: null,
    run: '',
  };
}

const decode = (base64: string) => Buffer.from(base64, 'base64').toString();
