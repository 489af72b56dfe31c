import { act } from './contract/actions';
import { fail } from './kit/failures';
import { runbook } from './kit/runbook';

/** Characters of what is said of a host that failed: the result holds thousands. */
const mostWhy = 300;
const mostNamed = 20;

/** Looks at every host of the site, or at those named. One that does not answer is a finding, not a failure of the run. */
export const hosts = runbook('hosts', async (ops, { only }) => {
  const all = Object.values(ops.site.hosts);
  const unknown = only?.find((wanted) => !all.some(({ name }) => name === wanted));
  if (unknown !== undefined) {
    const names = all.slice(0, mostNamed).map(({ name }) => name);
    const more = all.length > mostNamed ? ` and ${all.length - mostNamed} more` : '';
    throw fail(
      'InvalidInput',
      `only: there is no host ${unknown} in ${ops.site.name}; there are: ${names.join(', ')}${more}`,
    );
  }
  const chosen = only ? all.filter(({ name }) => only.includes(name)) : all;

  const outcomes = await ops.each(
    `Look at ${chosen.length} host${chosen.length === 1 ? '' : 's'}`,
    act.readHost,
    chosen.map((host) => ({ host })),
  );
  const found = outcomes.map((outcome, index) => ({ name: chosen[index]?.name ?? '', ...outcome }));
  const answers = found.flatMap(({ name, output }) => {
    if (!output) return [];
    const { uptimeSeconds, load, freeBytes, bootId } = output;
    return [{ name, uptimeSeconds, load, freeBytes, bootId }];
  });
  return {
    answer: `${answers.length} of ${chosen.length} hosts answer`,
    failed: found.flatMap(({ name, failure }) =>
      failure ? [{ name, why: `${failure.type}: ${failure.message}`.slice(0, mostWhy) }] : [],
    ),
    hosts: answers,
  };
});
