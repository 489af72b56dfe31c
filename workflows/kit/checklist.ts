import { setCurrentDetails } from '@temporalio/workflow';
import { type Asked } from '../contract/approvals';
import { type ChecklistStep, type RunProgress } from '../contract/messages';

interface Line {
  readonly title: string;
  readonly action: string;
  readonly depth: number;
  readonly startedAt: string;
  state: ChecklistStep['state'];
  endedAt: string | null;
  note: string;
  readonly below: Below;
}

interface Below {
  /** Lines that belong to the step, in Markdown. */
  readonly below?: readonly string[];
  /** One that is shown until the step has ended. */
  readonly whileRunning?: string;
}

/** The server keeps 20 kB of details; a character may take several bytes. */
const detailsLimit = 12_000;

const marks = { running: '▶', done: '✔', failed: '✘', skipped: '–' } as const;

/** What a run has done so far, kept where the Web UI shows it. */
export class Checklist {
  #lines: Line[] = [];
  #open: string[] = [];
  #phase = 'starting';
  #closing = '';
  /** Questions put to people, and their answers. */
  asked: readonly Asked[] = [];

  constructor(private readonly heading: string) {}

  /** Adds a step that has begun; the answer is called once with how it ended. */
  begin(
    title: string,
    action: string,
    below: Below = {},
  ): (state: 'done' | 'failed' | 'skipped', note?: string) => void {
    const line: Line = {
      title,
      action,
      depth: this.#open.length,
      startedAt: new Date().toISOString(),
      state: 'running',
      endedAt: null,
      note: '',
      below,
    };
    this.#lines.push(line);
    this.#show();
    return (state, note = '') => {
      Object.assign(line, { state, note, endedAt: new Date().toISOString() });
      this.#show();
    };
  }

  /** A state that must end has begun; the answer is called when it has. */
  enter(title: string): () => void {
    this.#open.push(title);
    this.#show();
    return () => {
      this.#open.splice(this.#open.lastIndexOf(title), 1);
      this.#show();
    };
  }

  phase(text: string): void {
    this.#phase = text;
    this.#show();
  }

  /** The last word: how the run ended. */
  end(text: string): void {
    this.#closing = text;
    this.#show();
  }

  progress(): RunProgress {
    const steps = this.#lines.map(({ title, action, state, startedAt, endedAt }) => ({
      title,
      action,
      state,
      startedAt,
      endedAt,
    }));
    return { phase: this.#phase, steps, open: [...this.#open], asked: this.asked };
  }

  #show(): void {
    const open = this.#open.length > 0 ? `Open: **${this.#open.join(' › ')}**` : '';
    const head = [`### ${this.heading}`, this.#closing || this.#phase, open].filter(Boolean).join('\n\n');
    // The newest that there is room for; a long run has begun and ended a thousand steps by then.
    const shown: string[] = [];
    let room = detailsLimit - head.length;
    for (let index = this.#lines.length - 1; index >= 0; index--) {
      const text = textOf(this.#lines[index] as Line);
      room -= text.length + 1;
      if (room < 0 && shown.length > 0) break;
      shown.push(text);
    }
    setCurrentDetails(`${head}\n\n${shown.reverse().join('\n')}`);
  }
}

/** A step and what belongs to it, in Markdown. */
function textOf({ depth, state, title, note, below: { below = [], whileRunning } }: Line): string {
  const more = whileRunning !== undefined && state === 'running' ? [...below, whileRunning] : below;
  const item = (level: number, text: string) => `${'  '.repeat(level)}- ${text}`;
  return [
    item(depth, `${marks[state]} ${title}${note ? ` — ${note}` : ''}`),
    ...more.map((line) => item(depth + 1, line)),
  ].join('\n');
}
