import { type Host } from '../ssh/hosts';
import { sh, type ShellText } from '../ssh/shell';
import { besideInStore, type DatabaseEngine } from './engine';

/** Processes that have a store, by what was seen in /proc. */
export interface StoreProcesses {
  /** Servers by their command line: these are told to stop. */
  readonly servers: readonly number[];
  /** Whoever has a file of the store open for writing, servers and their children included. */
  readonly writers: readonly number[];
}

/** Lists the processes that have the store; needs no tool beyond the shell's, and no privilege for own processes. */
export function listProcesses({ store, server }: Pick<DatabaseEngine, 'store' | 'server'>): ShellText {
  const pattern = sh`${store.replace(/[*?[\\]/g, '\\$&')}`;
  // The store stands as a whole word: after "=" or a blank, before a blank, a comma or a slash.
  return sh`for process in /proc/[0-9]*; do
  read -r name < "$process/comm" && case " "${server.processes.join(' ')}" " in *" $name "*) ;; *) false ;; esac || continue
  case " $(tr '\\0' ' ' < "$process/cmdline") " in
  *${server.word}*[=\\ ]${store}[\\ ,/]*) echo "server $\{process#/proc/}" ;;
  esac
done 2> /dev/null
find /proc/[0-9]*/fd -lname ${pattern}'/*' ! -lname ${pattern}${`/${besideInStore}/*`} 2> /dev/null | sed 's|/fd/|/fdinfo/|' |
  xargs -r grep -lsE '^flags:[[:space:]]*[0-7]*[12]$' | cut -d / -f 3 | sort -u | sed 's/^/writer /'`;
}

/**
 * The shell function `store_holders`: prints who has the store, as `412 (cockroach), 415 (postgres)`; nothing where nobody
 * has it.
 */
export const storeHolders = (engine: Pick<DatabaseEngine, 'store' | 'server'>): ShellText => sh`
list_processes() {
${listProcesses(engine)}
}

store_holders() {
  holders=
  for pid in $(list_processes | cut -d ' ' -f 2 | sort -u); do
    holders="$holders$\{holders:+, }$pid ($(cat "/proc/$pid/comm" 2> /dev/null || echo ended))"
  done
  echo "$holders"
}
`;

/** A signal to these processes; one that has ended meanwhile is no failure. */
export const signalProcesses = (signal: 'TERM' | 'INT' | 'KILL', pids: readonly number[]): ShellText =>
  sh`kill -s ${signal} ${pids}`;

/** Looks once. @throws what `Host.run` throws */
export async function findProcesses(host: Host, engine: DatabaseEngine, signal: AbortSignal): Promise<StoreProcesses> {
  const { stdout } = await host.run(listProcesses(engine), { signal });
  const pids = (kind: string) =>
    [...stdout.matchAll(new RegExp(`^${kind} (\\d+)$`, 'gm'))].map(([, pid]) => Number(pid));
  return { servers: pids('server'), writers: pids('writer') };
}

/** Everybody who has the store, each once. */
export const holdersOf = ({ servers, writers }: StoreProcesses): number[] => [...new Set([...servers, ...writers])];
