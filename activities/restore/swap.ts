import { type InputOf } from '../../workflows/contract/actions';
import { type DatabaseRef } from '../../workflows/contract/site';
import { putProgram, runProgram } from '../copy/programs';
import { engineOf, storeHolders } from '../database';
import { fail } from '../failures';
import { type ActionContext, type Implementations } from '../implementation';
import { type SshHosts } from '../ssh/hosts';
import { sh } from '../ssh/shell';
import { type RestoreDependencies } from './dependencies';
import { swapStore } from './scripts/swap-store';

interface Swap {
  readonly database: DatabaseRef;
  readonly beside: string;
  readonly aside: string;
}
type Verb = 'swap' | 'return' | 'keep' | 'remove';

const busy = 75;
/** Renames take no time; to remove the data of a large store does. */
const timeoutMs = 58_000;

const programFor = (database: DatabaseRef) => ({
  name: 'swap-store',
  text: swapStore(storeHolders(engineOf(database)).text),
});

function commandOf({ database, beside, aside }: Swap, verb: Verb, more: readonly string[] = []) {
  const { store } = engineOf(database);
  return runProgram(database.host, programFor(database), [verb, store, beside, aside, ...more]);
}

/**
 * Runs the swap program; of two at once, one waits for the other.
 *
 * @throws `PreconditionFailed` where the journal refuses it, `Conflict` where another one takes long, `ResourceFailed`
 * with its last words.
 */
export async function moveStore(
  ssh: SshHosts,
  swap: Swap,
  verb: Verb,
  { signal }: Pick<ActionContext, 'signal'>,
  more: readonly string[] = [],
): Promise<{ changed: boolean; bytes: number }> {
  const host = ssh.host(swap.database.host);
  const { name } = host.ref;
  await putProgram(host, programFor(swap.database), signal);
  const command = commandOf(swap, verb, more);
  const { exitCode, stdout, stderr } = await host.run(command, { signal, timeoutMs, allowExit: [0, 1, busy] });
  const details = { target: `store/${name}`, operation: `${verb}Store`, exitCode, stderrTail: stderr.slice(-2000) };
  if (exitCode === busy)
    throw fail(
      'Conflict',
      `another process moves data beside the store on ${name}. See: fuser -v ${swap.beside}/lock`,
      details,
    );
  const refused = /^refused (.*)$/m.exec(stdout)?.[1];
  if (refused !== undefined) throw fail('PreconditionFailed', `${swap.aside} on ${name}: ${refused}`, details);
  const changed = /^changed (yes|no)$/m.exec(stdout)?.[1];
  if (exitCode !== 0 || changed === undefined)
    throw fail(
      'ResourceFailed',
      `${name}: ${stderr.trim().split('\n').at(-1) || 'the swap program left no word'}`,
      details,
    );
  return { changed: changed === 'yes', bytes: Number(/^bytes (\d+)$/m.exec(stdout)?.[1] ?? 0) };
}

/** How a step of the swap program is described. */
export function describeMove(ssh: SshHosts, swap: Swap, verb: Verb, more: readonly string[] = []) {
  return { command: ssh.render(swap.database.host, commandOf(swap, verb, more)), now: null, changes: true };
}

const readState = ({ beside, aside }: Swap) => {
  const state = `${beside}/aside/${aside}/state`;
  return sh`[ ! -L ${state} ] || readlink ${state}`;
};

/** What the journal says, in the contract's words. */
function stateOf(stdout: string) {
  const state = stdout.trim().replace(/-(in|out)$/, '');
  switch (state) {
    case '':
      return 'none' as const;
    case 'swapping':
    case 'swapped':
    case 'returning':
    case 'returned':
    case 'kept':
      return state;
    default:
      throw fail('ResourceFailed', `the journal of the swap says ${JSON.stringify(state)}, which is no state`);
  }
}

/** The actions that put staged data in the place of the present one, and back. */
export function swapActions({
  ssh,
}: RestoreDependencies): Pick<Implementations, 'readSwap' | 'swapStore' | 'returnStore' | 'keepAside'> {
  const staged = ({ stage, facts, database }: InputOf<'swapStore'>) => [
    stage,
    JSON.stringify({ ...facts, engine: database.spec.engine }),
  ];

  return {
    readSwap: {
      async do(input, { signal }) {
        const { stdout } = await ssh.host(input.database.host).run(readState(input), { signal });
        return { state: stateOf(stdout) };
      },
      async describe(input) {
        const command = ssh.render(input.database.host, readState(input));
        return { command, now: null, changes: false, output: { state: 'none' } };
      },
    },

    swapStore: {
      async do(input, context) {
        const { changed } = await moveStore(ssh, input, 'swap', context, staged(input));
        return { changed };
      },
      async describe(input) {
        return { ...describeMove(ssh, input, 'swap', [input.stage, '<facts>']), output: { changed: true } };
      },
    },

    returnStore: {
      async do(input, context) {
        const { changed } = await moveStore(ssh, input, 'return', context);
        return { changed };
      },
      describe: async (input) => ({ ...describeMove(ssh, input, 'return'), output: { changed: true } }),
    },

    keepAside: {
      do: (input, context) => moveStore(ssh, input, 'keep', context),
      describe: async (input) => ({ ...describeMove(ssh, input, 'keep'), output: { changed: true, bytes: 0 } }),
    },
  };
}
