import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { labStatus } from '../../lab/control';
import { until } from './temporal-server';

const runbook = join(__dirname, '..', '..', 'bin', 'runbook.js');

export interface CommandOutcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The JSON documents of the command line, as far as tests look at them. */
export interface Report {
  readonly workflowId: string;
  readonly runId: string;
  readonly status: string;
  readonly result: { readonly archive: string; readonly downtimeMs: number; readonly [more: string]: unknown } | null;
  readonly failure: { readonly type: string; readonly message: string; readonly step: string } | null;
  readonly steps: readonly {
    readonly title: string;
    readonly action: string;
    readonly state: string;
    readonly attempts: number;
  }[];
  readonly jobs: readonly { readonly key: string; readonly host: string; readonly starts: number }[];
  readonly guard: { readonly status: string; readonly restored: readonly string[] };
  readonly downtimeMs: number;
  readonly planDigest: string | null;
}

export interface LabStatus {
  readonly serving: 'production' | 'fallback' | 'nothing';
  readonly publicUrl: string;
  readonly temporal: {
    readonly address: string;
    readonly namespace: string;
    readonly ui: string;
    readonly pid: number;
  };
  readonly hosts: Readonly<Record<string, { readonly power: 'on' | 'off' }>>;
  readonly servers: Readonly<Record<string, { readonly status: string; readonly taskState: string | null }>>;
  readonly floatingIp: { readonly address: string; readonly at: string };
  readonly database: {
    readonly engine: string;
    readonly standIn: boolean;
    readonly running: boolean;
    readonly rows: Readonly<Record<string, number>>;
  };
  readonly visitor: {
    readonly reads: number;
    readonly writesAcknowledged: number;
    readonly writesLost: number;
    readonly outages: readonly {
      readonly from: string;
      readonly to: string;
      readonly ms: number;
      readonly kind: string;
    }[];
  };
  readonly notifications: readonly {
    readonly at: string;
    readonly kind: string;
    readonly run: string;
    readonly text: string;
  }[];
}

/** A worker in a process of its own, to be killed. */
export interface WorkerProcess {
  readonly pid: number;
  readonly stderr: () => string;
  /** Returns once the process is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** A lab of the test's own, used through the commands an operator types. */
export class LabSite {
  readonly directory: string;
  readonly #workers = new Set<WorkerProcess>();
  readonly env: NodeJS.ProcessEnv;

  /** @param more of the environment of every command; `RUNBOOK_LAB` for a directory that lies where the test wants it */
  constructor(more: NodeJS.ProcessEnv = {}) {
    this.directory = more['RUNBOOK_LAB'] ?? mkdtempSync(join(tmpdir(), 'lab-'));
    this.env = {
      ...process.env,
      RUNBOOK_LAB: this.directory,
      LAB_MEGABYTES: '12',
      LAB_BOOT_DELAY_MS: '200',
      NO_COLOR: '1',
      ...more,
    };
  }

  async up(): Promise<void> {
    await this.succeed('lab', 'up');
  }

  async down(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.kill('SIGKILL')));
    await this.run('lab', 'down');
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Runs `runbook <words>` to its end. */
  async run(...words: readonly string[]): Promise<CommandOutcome> {
    return await collect(this.start(...words));
  }

  start(...words: readonly string[]): ChildProcess {
    return spawn(process.execPath, [runbook, ...words], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async succeed(...words: readonly string[]): Promise<CommandOutcome> {
    const outcome = await this.run(...words);
    if (outcome.exitCode !== 0)
      throw new Error(
        `runbook ${words.join(' ')}: exit code ${outcome.exitCode}\n${outcome.stdout}\n${outcome.stderr}`,
      );
    return outcome;
  }

  async json<T>(...words: readonly string[]): Promise<T> {
    const { stdout } = await this.succeed(...words, '--json');
    return JSON.parse(stdout) as T;
  }

  /** What `runbook lab status --json` prints, without a process for each look. */
  async status(): Promise<LabStatus> {
    const status = await labStatus(this.directory);
    if (!status) throw new Error(`the lab in ${this.directory} is gone`);
    return status as LabStatus;
  }

  /** Starts a backup and does not wait for it. */
  async startBackup(...words: readonly string[]): Promise<string> {
    const { workflowId } = await this.json<{ workflowId: string }>('run', 'daily-backup', '--detach', ...words);
    return workflowId;
  }

  /** Runs a backup to its end, however it ends. */
  backup(...words: readonly string[]): Promise<Report> {
    return this.#report('run', 'daily-backup', ...words);
  }

  /** Runs a restore that nobody is asked about to its end, however it ends. */
  restore(...words: readonly string[]): Promise<Report> {
    return this.#report('run', 'restore', '--set', 'approval.waived=rehearsed in a test', ...words);
  }

  /** Rehearses a restore to its end, however it ends. */
  drill(...words: readonly string[]): Promise<Report> {
    return this.#report('run', 'restore-drill', ...words);
  }

  async #report(...words: readonly string[]): Promise<Report> {
    const { stdout, stderr } = await this.run(...words, '--json');
    if (!stdout.trim()) throw new Error(`no report: ${stderr}`);
    return JSON.parse(stdout) as Report;
  }

  /** The report of a run that has ended or is followed to its end. */
  async ended(workflowId: string, seconds = 90): Promise<Report> {
    const client = await this.client();
    try {
      const run = client.workflow.getHandle(workflowId);
      await until(
        `${workflowId} ends`,
        async () => (await run.describe().catch(() => null))?.status.name.replace('RUNNING', ''),
        seconds,
      );
    } finally {
      await client.connection.close();
    }
    return JSON.parse((await this.run('report', workflowId, '--json')).stdout) as Report;
  }

  /** Returns once one of these actions of the run is being carried out. */
  async reaches(client: Client, workflowId: string, actions: string | readonly string[], seconds = 60): Promise<void> {
    await until(
      `${workflowId} reaches ${String(actions)}`,
      async () => {
        const { raw } = await client.workflow.getHandle(workflowId).describe();
        return (raw.pendingActivities ?? []).some(
          ({ activityType, lastStartedTime }) => actions.includes(activityType?.name ?? '-') && lastStartedTime,
        );
      },
      seconds,
    );
  }

  async worker(...words: readonly string[]): Promise<WorkerProcess> {
    const child = this.start('worker', ...words);
    let stderr = '';
    child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()));
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const worker: WorkerProcess = {
      pid: child.pid ?? 0,
      stderr: () => stderr,
      kill: async (signal) => {
        child.kill(signal);
        await gone;
        this.#workers.delete(worker);
      },
    };
    this.#workers.add(worker);
    await until(
      'the worker is ready',
      async () => {
        if (child.exitCode !== null) throw new Error(`the worker ended: ${stderr}`);
        return /^ready$/m.test(stderr);
      },
      120,
    );
    return worker;
  }

  async client(): Promise<Client> {
    const { temporal } = await this.status();
    return new Client({
      connection: await Connection.connect({ address: temporal.address }),
      namespace: temporal.namespace,
    });
  }

  /** A file the lab wrote for the product. */
  file(name: string): string {
    return readFileSync(join(this.directory, name), 'utf8');
  }
}

export async function collect(child: ChildProcess): Promise<CommandOutcome> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()));
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { exitCode, stdout, stderr };
}
