import { type Bench, type Contender, type Row, type Workshop } from '../harness/bench';
import { useLab } from '../support/lab';
import { place, prepareWorkplace } from './workplace';

const beside = [{ to: 'limit' }, { to: 'old' }] as const;

const rows: readonly Row[] = [
  {
    id: 'archive',
    what: 'archive: packed, compressed, hashed, written',
    unit: 'MB/s',
    goal: [
      { to: 'limit', atLeast: 0.9 },
      { to: 'old', atLeast: 5 },
    ],
  },
  { id: 'whole', what: 'copy compared, archive, sums, manifest, all synced', unit: 'MB/s', goal: beside },
  { id: 'readBack', what: 'read back: hashed, unpacked, compared, served', unit: 'MB/s', goal: beside },
  { id: 'limit', what: 'limit: tar | zstd -T0 -3 > file', unit: 'MB/s' },
  { id: 'old', what: 'old way: tar cvzf', unit: 'MB/s' },
];

/** What an archive costs besides compressing it. */
export const archive: Bench = {
  name: 'archive',
  shows:
    'The archive of a store, with everything that makes it a backup, beside `tar | zstd` of the same files on the same host, and beside `tar cvzf`, as the old scripts had ' +
    'it. In bytes of the store; in turns, from a warm cache.',
  limits:
    'Compression takes all processors, so whatever stands beside it takes some of it away: `tee` and the digest of what has been compressed. Of the whole: each byte of the ' +
    'copy is read and hashed once to compare it with what was read on the database host, then read once more and packed; what comes out is hashed in passing and written ' +
    'once. Reading back hashes the archive, unpacks it, hashes every file, and starts a scratch database on them, which takes about a second whatever the size.',
  cases: (quick) =>
    (quick ? [20] : [200, 1000]).map((megabytes) => ({
      name: `store of ${megabytes} MB`,
      rounds: quick ? 1 : 3,
      minutes: quick ? 10 : 30,
      rows,
      prepare: (workshop: Workshop) => prepare(workshop, megabytes),
    })),
};

async function prepare(workshop: Workshop, megabytes: number): Promise<readonly Contender[]> {
  const lab = await useLab(workshop, { LAB_MEGABYTES: String(megabytes), LAB_VISITS_PER_SECOND: '0' });
  const { on, bytes } = await prepareWorkplace(lab);
  const rate = (ms: number) => bytes / 1000 / ms;
  /** Timed on the host: getting there is not what is measured. */
  const timed = async (command: string) => {
    const [began = NaN, ended = NaN] = (await on(`date +%s%3N && { ${command}; } > ${place}/said && date +%s%3N`))
      .split('\n')
      .map(Number);
    return rate(ended - began);
  };
  const program = `JOB_DIR=${place}/job sh ${place}/`;
  /** When a file of the workplace was last written, in ms. */
  const writtenAt = async (file: string) => Number(await on(`stat -c %.6Y ${place}/work/${file}`)) * 1000;

  const ours = async () => {
    await on(`cd ${place} && rm -rf archives work/archive.* && mkdir archives`);
    const whole = await timed(`${program}make-archive.sh ${place}/work ${place}/archives bench '{"site":"bench"}'`);
    // The last digest of the copy, and that of the archive: between them lies the archive alone.
    const packedMs = (await writtenAt('archive.sha256')) - (await writtenAt('actual'));
    const file = await on(`ls ${place}/archives/bench.tar.zst`);
    const [sha256, sums] = [await on(`cat ${place}/work/archive.sha256`), await on(`sha256sum ${file}.sha256sums`)];
    const readBack = await timed(`${program}read-back.sh ${place}/work ${file} ${sha256} ${sums.slice(0, 64)} ''`);
    return { archive: rate(packedMs), whole, readBack };
  };
  const limit = async () => ({
    limit: await timed(`tar -C ${place}/work/store -cf - . | zstd -q -T0 -3 > ${place}/limit.tar.zst`),
  });
  const old = async () => ({ old: await timed(`tar cvzf ${place}/old.tar.gz -C ${place}/work store`) });
  await on(`tar -C ${place}/work/store -cf /dev/stdout . | wc -c`); // warms the cache
  return [ours, limit, old].map((turn) => ({ turn }));
}
