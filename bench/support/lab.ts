import { labStatus } from '../../lab/control';
import { LabSite } from '../../test/support/lab-site';
import { type Workshop } from '../harness/bench';

/** A lab for a case. @param settings `LAB_...` variables that differ from the lab's own */
export async function useLab(workshop: Workshop, settings: Readonly<Record<string, string>>): Promise<LabSite> {
  const lab = new LabSite(settings);
  workshop.onClose(() => lab.down());
  workshop.say('bringing up a lab');
  await lab.up();
  const status = await labStatus(lab.directory);
  if (!status) throw new Error(`the lab in ${lab.directory} is gone`);
  const { database, isolation } = status;
  workshop.version('database', `${database.engine} ${database.version}${database.standIn ? ' (stand-in)' : ''}`);
  workshop.version('hosts of the lab', isolation);
  return lab;
}
