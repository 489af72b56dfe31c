import { type Sites } from '../../activities/site/sites';
import { guardQueueOf } from '../../workflows/contract/messages';
import { type Finding } from './check';

/** The queues that the site files ask workers for, each with the sites it is for; and what is wrong with the files. */
export async function queuesOfSites(
  sites: Sites,
): Promise<{ readonly queues: ReadonlyMap<string, readonly string[]>; readonly findings: readonly Finding[] }> {
  const queues = new Map<string, string[]>();
  const findings: Finding[] = [];
  for (const name of sites.names())
    try {
      const { queue } = (await sites.load(name)).document;
      for (const each of [queue, guardQueueOf(queue)]) queues.set(each, [...(queues.get(each) ?? []), name]);
    } catch (error) {
      const text = `site ${name}: ${error instanceof Error ? error.message : String(error)}`;
      findings.push({ level: 'problem', text, next: 'runbook validate' });
    }
  if (!queues.size && !findings.length)
    findings.push({ level: 'warning', text: 'there is no site file', next: 'write one, or set RUNBOOK_SITES' });
  return { queues, findings };
}
