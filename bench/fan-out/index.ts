import { looks } from '../../workflows/contract/each';
import { type Bench, type Contender, type Row, type Workshop } from '../harness/bench';
import { useHosts } from './hosts';
import { ours } from './ours';
import { ansible, bareSsh2, openSsh } from './theirs';

/** As many as ours. */
const lanes = looks.sideBySide;

const rows: readonly Row[] = [
  {
    id: 'ours',
    what: `a run, ${looks.sideBySide} hosts side by side`,
    unit: 'hosts/s',
    goal: [{ to: 'ssh2', atLeast: 0.8 }, { to: 'ansible', atLeast: 20 }, { to: 'openssh' }],
  },
  { id: 'ssh2', what: `ssh2: bare, ${lanes} connections side by side`, unit: 'hosts/s' },
  { id: 'openssh', what: `openssh: xargs -P ${lanes} ssh`, unit: 'hosts/s' },
  { id: 'ansible', what: 'ansible: command, 50 forks, pipelining', unit: 'hosts/s' },
];

/** How many hosts a second a run reaches. */
export const fanOut: Bench = {
  name: 'fan-out',
  shows:
    'A trivial command on many hosts (the SSH servers of the lab, in a process beside), through a run that looks at all of them in one step, beside bare ssh2, OpenSSH and Ansible. ' +
    'Everybody connects anew in each turn; the time is that from the command, or the start of the run, to its end.',
  limits:
    'All of it shares the processors with the hosts, which start a shell for each command. An activity, which the server writes down several times, looks at a hundred hosts; one for ' +
    'each would be a few hundred hosts a second at most, whatever the worker can do. What is left is to connect: keys are agreed on and signatures made, in one thread. Host keys are verified, which bare ssh2 does not do.',
  cases: (quick) =>
    (quick ? [20] : [200, 1000]).map((count) => ({
      name: `${count} hosts`,
      rounds: quick ? 1 : 3,
      minutes: quick ? 5 : 45,
      rows,
      prepare: (workshop: Workshop) => prepare(workshop, count, quick),
    })),
};

async function prepare(workshop: Workshop, count: number, quick: boolean): Promise<readonly Contender[]> {
  const hosts = await useHosts(workshop, count);
  const contender = (id: string, reach: () => Promise<number>): Contender => ({
    turn: async () => {
      await hosts.drop();
      const startedAt = performance.now();
      const reached = await reach();
      if (reached !== count) throw new Error(`${id} reached ${reached} of ${count} hosts`);
      return { [id]: (count * 1000) / (performance.now() - startedAt) };
    },
  });
  const contenders = [
    contender('ours', await ours(workshop, hosts)),
    contender('ssh2', () => bareSsh2(hosts, lanes)),
    contender('openssh', () => openSsh(hosts, lanes)),
  ];
  const found = quick ? { why: 'not with --quick' } : await ansible(workshop, hosts);
  if ('turn' in found) return [...contenders, contender('ansible', found.turn)];
  workshop.leaveOut('ansible', found.why);
  return contenders;
}
