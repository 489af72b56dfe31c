import { join } from 'node:path';
import { probeIsolation } from '../../../lab/hosts/create-hosts';
import { type Isolation } from '../../../lab/hosts/host';
import { noReflinkDisk, type ReflinkDisk, reflinkDisk } from '../../support/reflink-disk';
import { startLab } from './lab';

jest.setTimeout(60_000);

const why = noReflinkDisk();
if (why !== null) console.info(`no test with a file system that shares bytes: ${why}`);
const isolations: Isolation[] = probeIsolation() === 'namespaces' ? ['namespaces', 'directories'] : ['directories'];

let disk: ReflinkDisk | undefined;
afterEach(() => disk?.remove());

(why === null ? test : test.skip).each(isolations)(
  'a host on a file system that can share bytes copies its data without any (%s)',
  async (isolation) => {
    disk = reflinkDisk();
    const lab = await startLab(['db1'], { isolation, directory: join(disk.directory, 'db1') });
    try {
      const host = lab.host('db1');
      const data = host.hostPath('/bfdata');
      const used = async () =>
        Number((await host.exec(`sync -f ${data}; df -B1 --output=used ${data} | tail -1`)).stdout);
      await host.exec(`head -c 50000000 /dev/urandom > ${data}/file; mkdir ${data}/.beside`);
      const before = await used();
      expect(await host.exec(`cp --reflink=always ${data}/file ${data}/.beside/`)).toMatchObject({
        code: 0,
        stderr: '',
      });
      expect((await used()) - before).toBeLessThan(5_000_000);
      await host.exec(`echo changed >> ${data}/file`);
      expect((await host.exec(`stat -c %s ${data}/.beside/file`)).stdout).toBe('50000000\n');
    } finally {
      await lab.close();
    }
  },
);
