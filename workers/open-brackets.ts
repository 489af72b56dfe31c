import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type OutputOf } from '../workflows/contract/actions';
import { type LoadedSite } from '../workflows/contract/companions';
import { companions, type GuardMemo, guardIdOf } from '../workflows/contract/messages';

/** What looking for open brackets needs of the world. */
export interface OpenBracketsDependencies {
  readonly client: Client;
  readonly sites: readonly LoadedSite[];
  readonly readProduction: (site: LoadedSite) => Promise<OutputOf<'readProduction'>>;
  readonly alarm: (site: LoadedSite, run: string, text: string) => Promise<void>;
  readonly say: (line: string) => void;
}

/**
 * Says which brackets are open and how production is, and raises an alarm where a run took production down and no
 * guard is left to bring it back: after a batch *Terminate* of run and guard together nobody else would notice.
 *
 * Only looks and tells. What cannot be looked at is said, and stops nothing.
 */
export async function reportOpenBrackets(dependencies: OpenBracketsDependencies): Promise<void> {
  const { client, sites, say } = dependencies;
  const guards = client.workflow.list({
    query: `WorkflowType = '${companions.guard}' AND ExecutionStatus = 'Running'`,
  });
  for await (const { workflowId, memo } of guards) {
    const { open, tookOver } = { open: [], tookOver: false, ...(memo as Partial<GuardMemo>) };
    if (open.length)
      say(`open, ${tookOver ? 'being closed by its guard' : 'guarded'}: ${open.join(' > ')} (${workflowId})`);
  }
  await Promise.all(sites.map((site) => reportProduction(site, dependencies)));
}

async function reportProduction(site: LoadedSite, { client, readProduction, alarm, say }: OpenBracketsDependencies) {
  try {
    const { serving, note } = await readProduction(site);
    say(`production of ${site.name}: ${serving}${note ? ` (${note})` : ''}`);
    const run = runInNote(note);
    if (serving === 'production' || run === null || !(await guardIsGone(client, run))) return;
    const text =
      `Production of ${site.name} was taken down by run ${run}, and no guard is left to bring it back. ` +
      `Look at the database, then: runbook run production --site ${site.name} --set action=up`;
    say(text);
    await alarm(site, run, text);
  } catch (error) {
    say(`cannot look at production of ${site.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The run that took production down, as it wrote at the address: `..., run <workflow id>`; null if none did. */
function runInNote(note: string): string | null {
  return /(?:^|\s)run (\S+)/.exec(note)?.[1] ?? null;
}

/** A run without a guard opened no bracket: what it took down is meant to stay down until somebody brings it up. */
async function guardIsGone(client: Client, run: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(guardIdOf(run)).describe()).status.name !== 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
