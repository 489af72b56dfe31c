import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { type Endpoint, type Layout, text } from './layout';
import { type Paths } from './paths';
import { commandLine, endProcess } from './processes';

export const NAMESPACE = 'default';

/** What runs in this namespace may be searched by. */
const SEARCH_ATTRIBUTES: Readonly<Record<string, 'Keyword' | 'Bool'>> = {
  RunbookName: 'Keyword',
  RunbookSite: 'Keyword',
  RunbookPhase: 'Keyword',
  RunbookOutcome: 'Keyword',
  RunbookDryRun: 'Bool',
};

/**
 * Dynamic configuration of a server that serves few, and serves them at once; as `--dynamic-config-value` takes it.
 *
 * By default a server of one shard takes 50 ms for a task, and no timer, retry or time limit strikes within a second of being set.
 */
export const DYNAMIC_CONFIG: readonly string[] = [
  ...['transfer', 'timer', 'visibility'].map((queue) => `history.${queue}ProcessorMaxPollRPS=1000`),
  'history.timerProcessorMaxTimeShift="10ms"',
];

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;

/**
 * The lab's own Temporal server: a process of its own, its state in a file, so that killing it loses nothing.
 *
 * It outlives the lab's process if that is killed, and is found again. Killed itself it stays dead until `start`.
 */
export class TemporalServer {
  readonly #files: { readonly pid: string; readonly database: string; readonly log: string };

  constructor(
    private readonly paths: Paths,
    private readonly place?: Pick<Layout, 'temporal' | 'temporalUi'>,
  ) {
    const at = (name: string) => join(paths.temporal, name);
    this.#files = { pid: at('pid'), database: at('temporal.db'), log: join(paths.log, 'temporal.log') };
  }

  /** Null if it does not run. */
  get pid(): number | null {
    const pid = Number(readIfThere(this.#files.pid));
    return pid > 0 && this.#isIt(commandLine(pid)) ? pid : null;
  }

  /**
   * Starts it with the Temporal CLI at `binary` unless it runs; returns when it answers and knows the search attributes.
   *
   * One that runs at another place than this lab's is ended first.
   * @throws Error with the last of its log if it ends instead
   */
  async start(binary: string): Promise<void> {
    if (!this.place) throw new Error('no place for a Temporal server');
    const { temporal } = this.place;
    const running = this.pid;
    if (running !== null && !commandLine(running).includes(`--ip ${temporal.host} --port ${temporal.port} `))
      await this.stop();
    if (this.pid === null) this.#launch(binary, this.place);
    await this.#ready(temporal);
  }

  /** Ends it gracefully, then by force; what it has stored stays. */
  async stop(): Promise<void> {
    const { pid } = this;
    if (pid !== null) await endProcess(pid, (line) => this.#isIt(line), STOP_WITHIN_MS);
    rmSync(this.#files.pid, { force: true });
  }

  #isIt(line: string): boolean {
    return line.includes(`--db-filename ${this.#files.database} `);
  }

  #launch(binary: string, { temporal, temporalUi }: Pick<Layout, 'temporal' | 'temporalUi'>): void {
    for (const directory of [this.paths.temporal, this.paths.log]) mkdirSync(directory, { recursive: true });
    const log = openSync(this.#files.log, 'a');
    const server = spawn(
      binary,
      [
        ...['server', 'start-dev', '--ip', temporal.host, '--port', String(temporal.port)],
        ...['--ui-ip', temporalUi.host, '--ui-port', String(temporalUi.port), '--namespace', NAMESPACE],
        ...['--db-filename', this.#files.database, '--sqlite-pragma', 'journal_mode=WAL', '--log-level', 'error'],
        ...Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
        ...DYNAMIC_CONFIG.flatMap((value) => ['--dynamic-config-value', value]),
      ],
      // Nothing of the environment may point it elsewhere.
      { detached: true, stdio: ['ignore', log, log], env: { PATH: process.env.PATH, HOME: process.env.HOME } },
    );
    closeSync(log);
    server.on('error', () => undefined); // seen as a server that does not run
    server.unref();
    writeFileSync(this.#files.pid, String(server.pid ?? 0));
  }

  async #ready(place: Endpoint): Promise<void> {
    const launched = Number(readIfThere(this.#files.pid));
    for (const until = Date.now() + READY_WITHIN_MS; !(await answers(place)); await sleep(100)) {
      // Between fork and exec a process still has its parent's command line.
      const gone = commandLine(launched) === '';
      if (!gone && Date.now() < until) continue;
      const last = readIfThere(this.#files.log).trim().split('\n').slice(-3).join(' ');
      throw new Error(
        `the Temporal server at ${text(place)} ${gone ? 'has ended' : 'does not answer'}: ${last || 'it said nothing'}`,
      );
    }
  }
}

/** Whether the server serves the namespace and knows all search attributes. */
async function answers(place: Endpoint): Promise<boolean> {
  const connection = Connection.lazy({ address: text(place) });
  try {
    return await connection.withDeadline(Date.now() + 2_000, async () => {
      await connection.workflowService.describeNamespace({ namespace: NAMESPACE });
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: NAMESPACE });
      return Object.keys(SEARCH_ATTRIBUTES).every((name) => name in customAttributes);
    });
  } catch {
    return false;
  } finally {
    await connection.close().catch(() => undefined);
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
