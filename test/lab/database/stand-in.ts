import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { applicationBinds } from '../../../lab/application/binds';
import { cockroachScript, nativeDirectory } from '../../../lab/database/find-cockroach';
import { eventually } from '../eventually';
import { freePorts } from '../ports';
import { buildPrograms } from '../programs';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server of the stand-in, running or not, with a store and ports of its own. */
export interface TestServer {
  readonly store: string;
  readonly host: string;
  readonly http: string;
  readonly pidFile: string;
}

/** The stand-in as a plain process of this machine, with the directory in which its stores lie. */
export class StandIn {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'lab-cockroach-'));
  readonly faults = path.join(this.directory, 'faults');
  readonly programs = buildPrograms('database', 'application');
  readonly #program = path.join(this.directory, 'cockroach');
  readonly #servers: TestServer[] = [];

  /** @param postgres PostgreSQL's directory. @default the package's */
  constructor(private readonly postgres = nativeDirectory()) {
    mkdirSync(this.faults);
    const script = cockroachScript({ path: '', standIn: true }, this.hostPath);
    writeFileSync(this.#program, script, { mode: 0o755 });
  }

  /** Where the paths of a host are on this machine. */
  readonly hostPath = (hostPath: string): string => {
    const binds = [
      ...applicationBinds(this.programs.directory),
      { from: this.postgres, to: '/lab/pg' },
      { from: this.faults, to: '/var/lib/lab-faults' },
    ];
    const bind = binds.find(({ to }) => hostPath.startsWith(to));
    return bind ? bind.from + hostPath.slice(bind.to.length) : hostPath;
  };

  async server(): Promise<TestServer> {
    const [sql, http] = await freePorts(2);
    const store = path.join(this.directory, `store-${this.#servers.length}`);
    const server = { store, host: `127.0.0.1:${sql}`, http: `127.0.0.1:${http}`, pidFile: `${store}.pid` };
    this.#servers.push(server);
    return server;
  }

  /** A stopped server whose store is a copy of another's. */
  async copyOf(original: TestServer): Promise<TestServer> {
    const copy = await this.server();
    cpSync(original.store, copy.store, { recursive: true, verbatimSymlinks: true });
    return copy;
  }

  async run(...args: string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(this.#program, args, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
      );
    });
  }

  async start(server: TestServer, ...flags: string[]): Promise<Outcome> {
    return this.run(...this.#startArguments(server), ...flags, '--background');
  }

  /** Starts a server as a child whose output is kept. */
  foreground(server: TestServer): { child: ChildProcess; stdout: () => string } {
    const child = spawn(this.#program, this.#startArguments(server));
    let stdout = '';
    child.stdout.on('data', (chunk) => (stdout += String(chunk)));
    return { child, stdout: () => stdout };
  }

  async sql(server: TestServer, ...statements: string[]): Promise<Outcome> {
    const execute = statements.flatMap((statement) => ['-e', statement]);
    return this.run('sql', '--insecure', `--host=${server.host}`, '--format=csv', ...execute);
  }

  pid(server: TestServer): number {
    return Number(readFileSync(server.pidFile, 'utf8'));
  }

  running(server: TestServer): boolean {
    return existsSync(server.pidFile) && isAlive(this.pid(server));
  }

  async stop(server: TestServer, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const pid = this.pid(server);
    process.kill(pid, signal);
    await eventually(`${signal} ends the server`, () => !isAlive(pid));
  }

  async close(): Promise<void> {
    rmSync(this.faults, { recursive: true });
    for (const server of this.#servers) while (this.running(server)) await this.stop(server, 'SIGKILL');
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    this.programs.remove();
  }

  #startArguments({ store, host, http, pidFile }: TestServer): string[] {
    const addresses = [`--listen-addr=${host}`, `--http-addr=${http}`];
    return ['start-single-node', '--insecure', `--store=${store}`, ...addresses, `--pid-file=${pidFile}`];
  }
}

/** False, too, for a process that has ended and waits for its parent to collect it: some containers take their time. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
