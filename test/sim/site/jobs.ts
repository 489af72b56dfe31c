import { fail } from '../../../activities/failures';
import { type JobName } from '../../../workflows/contract/actions';
import { type Call } from '../../../workflows/contract/calls';

/** A remote job, as its directory on the host would tell. */
export interface Job {
  readonly host: string;
  readonly action: JobName;
  readonly input: unknown;
  readonly call: Call;
  state: 'running' | 'ended' | 'stopped' | 'lost';
  launches: number;
  output: object | null;
  /** What makes its work worthless: a copy of a store that a database had open. */
  readonly flaws: string[];
}

/** Remote jobs with their keys, tombstones and fencing numbers. */
export class Jobs {
  readonly #byKey = new Map<string, Job>();
  readonly #tombstones = new Set<string>();
  #fence = 0;

  constructor(private readonly now: () => number) {}

  get(key: string): Job {
    const job = this.#byKey.get(key);
    if (!job) throw fail('UnknownOutcome', `the job ${key} is lost at ${this.now()}`);
    return job;
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  all(): readonly Job[] {
    return [...this.#byKey.values()];
  }

  /** @returns whether this launch won; false: there is one of that key */
  launch(action: JobName, input: unknown, call: Call, host: string): boolean {
    if (this.#byKey.has(call.key)) return false;
    if (this.#tombstones.has(call.key)) throw fail('PreconditionFailed', `the job ${call.key} was stopped`);
    const number = call.fence?.number ?? 0;
    if (number < this.#fence)
      throw fail('PreconditionFailed', `number ${number} is below ${this.#fence}: another run holds the lock`);
    this.#fence = number;
    for (const job of this.#byKey.values())
      if (job.state === 'running' && (job.call.fence?.number ?? 0) < number) job.state = 'stopped';
    this.#byKey.set(call.key, { host, action, input, call, state: 'running', launches: 1, output: null, flaws: [] });
    return true;
  }

  end(key: string, output: object): void {
    Object.assign(this.get(key), { state: 'ended', output });
  }

  /** @throws `PreconditionFailed` for one of a higher number than the caller's */
  stop(key: string, { fence }: Call): { state: 'never-started' | 'ended' | 'stopped'; starts: number } {
    const job = this.#byKey.get(key);
    const starts = job?.launches ?? 0;
    if (fence && (job?.call.fence?.number ?? 0) > fence.number)
      throw fail('PreconditionFailed', `the job ${key} runs under a higher number than ${fence.number}`);
    this.#tombstones.add(key);
    if (!job) return { state: 'never-started', starts };
    if (job.state !== 'running') return { state: 'ended', starts };
    job.state = 'stopped';
    return { state: 'stopped', starts };
  }

  /** It has ended with a failure of its own. */
  fail(key: string): void {
    this.get(key).state = 'stopped';
  }

  /** Their host went down: in order, with a signal to each, or nobody knows how they ended. */
  goDown(host: string, how: 'stopped' | 'lost'): void {
    for (const job of this.#byKey.values()) if (job.host === host && job.state === 'running') job.state = how;
  }

  /** What runs now can no longer be used. */
  spoil(which: (action: JobName, input: unknown) => boolean, flaw: string): void {
    for (const job of this.#byKey.values())
      if (job.state === 'running' && which(job.action, job.input)) job.flaws.push(flaw);
  }
}
