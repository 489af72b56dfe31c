import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { parseEnvFile } from '../../cli/lab-environment';
import { labControl, labStatus, type LabStatus } from '../../lab/control';
import { pathsOf, type Paths } from '../../lab/paths';
import { Gate } from './gate';
import { startWorker, type WorkerPart, type WorkerProcess } from './worker-process';

const program = join(__dirname, '..', '..', 'bin', 'runbook.js');

/** A small site that boots fast: what is tested is the order of things, not their size. */
const settings = {
  LAB_MEGABYTES: '8',
  LAB_BOOT_DELAY_MS: '100',
  LAB_POWER_DELAY_MS: '100',
  LAB_VISITS_PER_SECOND: '4',
};

const PARTS: readonly WorkerPart[] = ['runbooks', 'guard'];

/** A lab with a Temporal server and two workers, used for one case after another. */
export class Bench {
  static readonly #open = new Set<Bench>();
  readonly #workers = new Map<WorkerPart, WorkerProcess>();

  private constructor(
    readonly paths: Paths,
    readonly client: Client,
    /** Before the worker of the runs; the one of the guards reaches the server itself. */
    readonly gate: Gate,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async open(): Promise<Bench> {
    const paths = pathsOf(mkdtempSync(join(tmpdir(), 'crash-')));
    const env = { ...process.env, ...settings, NO_COLOR: '1', RUNBOOK_LAB: paths.directory };
    await runbook(env, 'lab', 'up');
    const { temporal } = await statusOf(paths);
    const gate = await Gate.open(temporal.address);
    const connection = await Connection.connect({ address: temporal.address });
    const bench = new Bench(paths, new Client({ connection }), gate, env);
    Bench.#open.add(bench);
    await bench.startWorkers(...PARTS);
    return bench;
  }

  /** Ends whatever is still open: labs and their servers would outlive this process. */
  static async closeAll(): Promise<void> {
    await Promise.allSettled([...Bench.#open].map((bench) => bench.close()));
  }

  async close(): Promise<void> {
    Bench.#open.delete(this);
    await this.killWorkers(...PARTS);
    this.gate.close();
    await this.client.connection.close();
    await this.runbook('lab', 'down');
    rmSync(this.paths.directory, { recursive: true, force: true });
  }

  /** Starts those that do not run; returns once they poll. */
  async startWorkers(...parts: readonly WorkerPart[]): Promise<void> {
    const lab = parseEnvFile(readFileSync(this.paths.env, 'utf8'));
    const env = { ...this.env, ...lab };
    const through = { ...env, TEMPORAL_ADDRESS: this.gate.address };
    await Promise.all(
      parts
        .filter((part) => !this.#workers.has(part))
        .map(async (part) => this.#workers.set(part, await startWorker(part, part === 'runbooks' ? through : env))),
    );
  }

  /** SIGKILL; returns once they are gone. */
  async killWorkers(...parts: readonly WorkerPart[]): Promise<void> {
    await Promise.all(
      parts.map(async (part) => {
        await this.#workers.get(part)?.kill();
        this.#workers.delete(part);
      }),
    );
  }

  said(part: WorkerPart): readonly string[] {
    return this.#workers.get(part)?.said() ?? [];
  }

  /** Runs `runbook <words>` to its end. @throws with what it said if it does not end well */
  async runbook(...words: readonly string[]): Promise<void> {
    await runbook(this.env, ...words);
  }

  status(): Promise<LabStatus> {
    return statusOf(this.paths);
  }

  /** What it all runs on, for the record. */
  async versions(): Promise<Readonly<Record<string, string>>> {
    const { serverVersion } = await this.client.workflowService.getSystemInfo({});
    const { database, isolation } = await this.status();
    return {
      'Node.js': process.version,
      'Temporal server': serverVersion ?? 'unknown',
      database: database.version,
      'hosts of the lab': isolation,
    };
  }

  /** What `runbook lab ...` asks of the lab. */
  async control(method: string, path: string, body?: unknown): Promise<void> {
    await labControl(this.paths.directory, method, path, body);
  }
}

async function statusOf({ directory }: Paths): Promise<LabStatus> {
  const status = await labStatus(directory);
  if (!status) throw new Error(`the lab in ${directory} is gone`);
  return status;
}

async function runbook(env: NodeJS.ProcessEnv, ...words: readonly string[]): Promise<void> {
  await promisify(execFile)(process.execPath, [program, ...words], { env });
}
