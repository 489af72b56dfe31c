import { CommandFailure } from '../failure';

/** A line of `show jobs`, with its columns. */
export interface Job {
  readonly job_id: string;
  readonly job_type: 'BACKUP' | 'RESTORE';
  readonly description: string;
  readonly statement: string;
  readonly user_name: string;
  readonly status: 'running' | 'succeeded' | 'failed' | 'canceled';
  readonly running_status: null;
  readonly created: string;
  readonly started: string;
  readonly finished: string | null;
  readonly modified: string;
  readonly fraction_completed: number;
  readonly error: string;
  readonly coordinator_id: null;
}

/** The backups and restores of a server since its start. A client that goes away ends none of them. */
export class Jobs {
  readonly #jobs = new Map<string, Job>();
  readonly #running = new Map<string, AbortController>();

  list(): readonly Job[] {
    return [...this.#jobs.values()];
  }

  /** Runs work as a job. @throws what the work throws */
  async run<T>(
    job_type: Job['job_type'],
    description: string,
    work: (id: string, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const job_id = newId();
    const now = new Date().toISOString();
    const canceling = new AbortController();
    this.#running.set(job_id, canceling);
    this.#jobs.set(job_id, {
      ...{ job_id, job_type, description, statement: '', user_name: 'root' },
      ...{ status: 'running', running_status: null, created: now, started: now, finished: null, modified: now },
      ...{ fraction_completed: 0, error: '', coordinator_id: null },
    });
    try {
      const result = await work(job_id, canceling.signal);
      this.#end(job_id, { status: 'succeeded', fraction_completed: 1 });
      return result;
    } catch (error) {
      const { aborted } = canceling.signal;
      const reason = aborted ? 'job canceled by user' : (error as Error).message;
      this.#end(job_id, { status: aborted ? 'canceled' : 'failed', error: reason });
      throw aborted ? new CommandFailure(reason) : error;
    } finally {
      this.#running.delete(job_id);
    }
  }

  /** Has these jobs end early, unless they have ended; none of them if there is no such job. */
  cancel(ids: readonly string[]): void {
    const unknown = ids.find((id) => !this.#jobs.has(id));
    if (unknown !== undefined) throw new CommandFailure(`job with ID ${unknown} does not exist`);
    for (const id of ids) this.#running.get(id)?.abort();
  }

  #end(id: string, how: Partial<Job>): void {
    const [job, now] = [this.#jobs.get(id), new Date().toISOString()];
    if (job) this.#jobs.set(id, { ...job, ...how, finished: now, modified: now });
  }
}

/** As large as the real ones. */
function newId(): string {
  return `${Date.now()}${String(Math.floor(Math.random() * 1e6)).padStart(6, '0')}`;
}
