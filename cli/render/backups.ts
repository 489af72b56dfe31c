import { type CatalogueEntry } from '../../workflows/contract/actions/archives';
import { lastBackup } from '../../workflows/planners/backup-alarm';
import { placeText } from '../../workflows/planners/catalogue';
import { bytesText, durationText, momentText } from './amounts';
import { table } from './table';

/** What the catalogue of a site knows, for people. */
export function backupsText(
  { site, maxAgeHours }: { readonly site: string; readonly maxAgeHours: number },
  entries: readonly CatalogueEntry[],
  now: Date,
): string[] {
  const archives = entries.filter(({ kind }) => kind === 'archive');
  const asides = entries.filter(({ kind }) => kind === 'aside');
  const notes = entries.flatMap((entry) => notesOn(entry).map((note) => `${entry.name}: ${note}`));
  return [
    ...(archives.length > 0 ? archiveLines(archives) : [`no backups of ${site} yet`]),
    ...(asides.length > 0 ? ['', 'moved aside by a restore', ...asideLines(asides)] : []),
    ...(notes.length > 0 ? ['', ...notes] : []),
    '',
    ageText(lastBackup(entries), maxAgeHours, now),
  ];
}

function archiveLines(archives: readonly CatalogueEntry[]): string[] {
  return table([
    ['made', 'size', 'verified', 'last drill', 'archive', 'where', 'retention'],
    ...archives.map((entry) => [
      momentText(entry.createdAt),
      bytesText(entry.bytes),
      stateText(entry),
      drillText(entry),
      entry.name,
      whereText(entry),
      entry.decision ? `${entry.decision.keep ? 'stays' : 'goes'}: ${entry.decision.why}` : '-',
    ]),
  ]);
}

function asideLines(asides: readonly CatalogueEntry[]): string[] {
  return table([
    ['since', 'size', 'kept until', 'name', 'where'],
    ...asides.map((entry) => [
      momentText(entry.createdAt),
      bytesText(entry.bytes),
      entry.missingSince ? 'MISSING' : entry.keptUntil ? momentText(entry.keptUntil) : '-',
      entry.name,
      whereText(entry),
    ]),
  ]);
}

function stateText({ missingSince, verified, verifiedAt }: CatalogueEntry): string {
  if (missingSince) return 'MISSING';
  return verified && verifiedAt ? momentText(verifiedAt) : 'NOT VERIFIED';
}

function drillText({ drills }: CatalogueEntry): string {
  const last = drills.at(-1);
  if (!last) return '-';
  const rto = last.rtoMs === null ? '' : `, RTO ${durationText(last.rtoMs)}`;
  return `${momentText(last.at)} ${last.ok ? 'ok' : 'FAILED'}${rto}, RPO ${durationText(last.rpoMs)}`;
}

const whereText = ({ where }: CatalogueEntry) => (where ? placeText(where) : '-');

function notesOn({ missingSince, seenAt, problem, drills, verified, foundBy, run }: CatalogueEntry): string[] {
  const failed = drills.at(-1)?.problem;
  return [
    ...(missingSince
      ? [
          `missing since ${momentText(missingSince)}${seenAt ? `, last seen ${momentText(seenAt)}` : ''}; no run removed it`,
        ]
      : []),
    ...(!verified && (problem ?? failed) ? [`not verified: ${problem ?? failed}`] : []),
    ...(foundBy && foundBy !== run ? [`found by ${foundBy}${run ? `; it was made by ${run}` : ''}`] : []),
  ];
}

function ageText(last: CatalogueEntry | undefined, maxAgeHours: number, now: Date): string {
  const limit = `the limit is ${maxAgeHours} h`;
  if (!last) return `no verified backup; ${limit}`;
  const ageMs = now.getTime() - Date.parse(last.createdAt);
  const isLate = ageMs > maxAgeHours * 3_600_000;
  return `the last verified backup is ${durationText(Math.max(0, ageMs))} old; ${limit}${isLate ? ': TOO OLD' : ''}`;
}
