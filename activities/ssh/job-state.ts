import { fail } from '../failures';

/** As the command wrote it into `$JOB_DIR/progress`: one line `done total unit note`, `-` for an unknown total. */
export interface JobProgress {
  readonly done: number;
  readonly total?: number;
  readonly unit: 'bytes' | 'items';
  readonly note?: string;
}

export interface FinishedJob {
  readonly state: 'finished';
  /** 143 or 137 if a signal ended it, a stop's included. */
  readonly exitCode: number;
  /** The last 4 kB. */
  readonly stdoutTail: string;
  readonly stderrTail: string;
  readonly starts: number;
  /** What the command wrote into `$JOB_DIR/result`, at most 64 kB. */
  readonly result?: string;
}

/** `starts` counts the launches that won: 1 for every job that ran. `lost`: nobody knows how it ended. */
export type JobState =
  | { readonly state: 'running'; readonly progress?: JobProgress; readonly starts: number }
  | FinishedJob
  | { readonly state: 'lost'; readonly why: string; readonly starts: number }
  | { readonly state: 'absent' };

const maxResultBytes = 64 * 1024;

/**
 * Reads the answer of the start and poll scripts.
 *
 * @param separator What stands after the head and between the parts; missing at the end, the answer is cut off.
 * @throws `ResourceFailed` for an answer that makes no sense or a result that is too large.
 */
export function parseJobState(answer: string, separator: string, host: string): JobState {
  const [head = '', ...parts] = answer.split(separator);
  const match = /^starts (\d+)\n(running|finished|lost|absent)(?: (\S+))?\n(?:progress (.*))?$/.exec(head);
  if (!match || parts.at(-1) !== '') throw unreadable(answer, host);
  const starts = Number(match[1]);
  switch (match[2] as JobState['state']) {
    case 'running':
      return { state: 'running', starts, ...parseProgress(match[4] ?? '') };
    case 'finished': {
      const [stdoutTail = '', stderrTail = '', result = ''] = parts;
      if (!/^\d+$/.test(match[3] ?? '')) throw unreadable(answer, host);
      if (Buffer.byteLength(result) > maxResultBytes)
        throw fail('ResourceFailed', `${host}: the job's result is larger than ${maxResultBytes} bytes`, {
          target: `host/${host}`,
          operation: 'ssh.job.poll',
        });
      return {
        state: 'finished',
        exitCode: Number(match[3]),
        stdoutTail,
        stderrTail,
        starts,
        ...(result && { result }),
      };
    }
    case 'lost':
      return { state: 'lost', why: `${host} ${lostBecause[match[3] ?? ''] ?? 'does not know it'}`, starts };
    case 'absent':
      return { state: 'absent' };
  }
}

const lostBecause: Record<string, string> = {
  rebooted: 'was rebooted while it ran',
  vanished: 'has no such process any more, and no exit code',
  absent: 'has no record of it, though it was started',
};

export function unreadable(answer: string, host: string): Error {
  const text = answer.length > 200 ? `${answer.slice(0, 200)}...` : answer;
  return fail('ResourceFailed', `${host} answers about a job with ${JSON.stringify(text)}, which makes no sense`, {
    target: `host/${host}`,
    operation: 'ssh.job.poll',
  });
}

/** A line the command is just writing may be cut: no progress then. */
function parseProgress(line: string): { progress?: JobProgress } {
  const match = /^(\d+) (\d+|-) (bytes|items)(?: (.*))?$/.exec(line.trim());
  if (!match) return {};
  const [, done, total, unit, note] = match;
  return {
    progress: {
      done: Number(done),
      ...(total === '-' ? {} : { total: Number(total) }),
      unit: unit as JobProgress['unit'],
      ...(note ? { note } : {}),
    },
  };
}
